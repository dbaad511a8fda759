import * as net from "node:net";
import { describe, expect, test } from "vitest";
import { breakingError, watchingBreaks, whatBroke } from "../../src/rest/broken-connection.ts";

const to = { hostname: "api.test", protocol: "http:", port: "80" };
const alert = Object.assign(new Error("certificate required"), { code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" });
const told = Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" });

/** A connection, and what its user is told of its end at each event. */
function watched(): { readonly socket: net.Socket; readonly seen: (Error | undefined)[] } {
  const socket = new net.Socket();
  const seen: (Error | undefined)[] = [];
  const connect = watchingBreaks((_options, callback) => callback(null, socket));
  connect(to, () => {
    for (const event of ["error", "close"]) socket.on(event, () => void seen.push(breakingError()));
  });
  return { socket, seen };
}

describe("a connection that ends", () => {
  test("with an error tells it while its listeners are told, and not after", () => {
    const { socket, seen } = watched();
    socket.emit("error", alert);
    socket.emit("close");
    expect([...seen, breakingError()]).toEqual([alert, alert, undefined]);
  });

  test("with one error after another tells the first", () => {
    const { socket, seen } = watched();
    socket.emit("error", alert);
    socket.emit("error", told);
    socket.emit("close");
    expect(seen).toEqual([alert, alert, alert]);
  });

  test("without an error tells none, whatever another told before it", () => {
    watched().socket.emit("error", alert);
    const { socket, seen } = watched();
    socket.emit("close");
    expect(seen).toEqual([undefined]);
  });
});

test("behind undici's own error is that of the socket; any other stands for itself", () => {
  const { socket } = watched();
  const found: Error[] = [];
  const other = Object.assign(new Error("x"), { code: "UND_ERR_HEADERS_OVERFLOW" });
  const connect = watchingBreaks((_options, callback) => callback(null, socket));
  connect(to, () => void socket.on("close", () => void found.push(whatBroke(told), whatBroke(other))));
  socket.emit("error", alert);
  socket.emit("close");
  expect(found).toEqual([alert, other]);
  expect(whatBroke(told)).toBe(told);
});

test("a connection that is not made is passed on as such", () => {
  const ends: unknown[][] = [];
  watchingBreaks((_options, callback) => callback(alert, null))(to, (...end) => ends.push(end));
  expect(ends).toEqual([[alert, null]]);
});
