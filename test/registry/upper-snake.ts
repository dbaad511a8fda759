import type { UpperSnake } from "../../src/registry/env-of.ts";

/** Names, and what their variables begin with: looked at by the compiler below, and at run time by the tests. */
export const upperSnake = {
  paymentGateway: "PAYMENT_GATEWAY",
  payment_gateway: "PAYMENT_GATEWAY",
  "payment-gateway": "PAYMENT_GATEWAY",
  PaymentGateway: "PAYMENT_GATEWAY",
  PAYMENT_GATEWAY: "PAYMENT_GATEWAY",
  "payment gateway": "PAYMENT_GATEWAY",
  realtimeWs: "REALTIME_WS",
  realtimeWS: "REALTIME_WS",
  realtime_ws: "REALTIME_WS",
  HTTPGateway: "HTTP_GATEWAY",
  getHTTPSUrl: "GET_HTTPS_URL",
  ABc: "A_BC",
  aB: "A_B",
  ABC: "ABC",
  URLOf2ndThing: "URL_OF2ND_THING",
  s3Store: "S3_STORE",
  S3Store: "S3_STORE",
  a1B2c: "A1_B2C",
  x2Y: "X2_Y",
  payments2: "PAYMENTS2",
  __payments__: "PAYMENTS",
  "--a--b--": "A_B",
  "a.b:c": "A_B_C",
  "Äpfel-Stand": "PFEL_STAND",
  naïve: "NA_VE",
  x: "X",
} as const;

type Table = typeof upperSnake;

type Wrong = {
  [Name in keyof Table]: [UpperSnake<Name>, Table[Name]] extends [Table[Name], UpperSnake<Name>] ? never : Name;
}[keyof Table];

/** Does not compile where the types say another name than the table. */
export const wrongInTypes: [Wrong] extends [never] ? readonly [] : readonly Wrong[] = [];
