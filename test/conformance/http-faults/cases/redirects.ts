import { answer, answers, type Behaviour, type Exchange, write } from "../behaviour.ts";
import { either, type Expectation, fails, type FaultCase, succeeds } from "../fault-case.ts";

const to = (location: (exchange: Exchange) => string, status = "302 Found"): Behaviour => ({
  onRequest: (exchange) => write(exchange, answer("", `location: ${location(exchange)}`, status), "goes-on"),
});
const refused: Expectation = fails(["redirect", "status"], { code: "response-status" });
const other: Behaviour = answers(answer("ok"));
const followed = either(succeeds(), refused);
const get = { call: { method: "GET" } } as const;

/** Answers that send the call elsewhere. */
export const redirectFaults: readonly FaultCase[] = [
  { rule: "a redirect to itself ends", farSide: to(() => "/fault?call=0"), ...get, maxDeliveries: 60, expect: refused },
  {
    rule: "redirects without an end, each to a new place, end",
    farSide: to(({ number }) => `/fault?hop=${number}`),
    ...get,
    maxDeliveries: 60,
    expect: refused,
  },
  {
    rule: "a redirect to another origin takes no secret along",
    farSide: { ...to(({ side }) => `${side.elsewhere.url}/there`), elsewhere: other },
    ...get,
    expect: followed,
  },
  {
    rule: "a redirect of a POST to another origin takes no body along",
    farSide: { ...to(({ side }) => `${side.elsewhere.url}/there`, "307 Temporary Redirect"), elsewhere: other },
    expect: followed,
  },
  {
    rule: "a redirect from TLS to none is refused",
    farSide: { ...to(({ side }) => `${side.elsewhere.url}/there`), scheme: "https", elsewhere: other },
    ...get,
    expect: refused,
  },
  { rule: "a redirect to a file is refused", farSide: to(() => "file:///etc/hostname"), ...get, expect: refused },
  { rule: "a redirect to a script is refused", farSide: to(() => "javascript:alert(1)"), ...get, expect: refused },
  {
    rule: "a redirect to nowhere is told as one",
    farSide: answers(answer("", "", "302 Found")),
    ...get,
    expect: either(succeeds("", 302), refused),
  },
  {
    rule: "a redirect to what is no address is refused",
    farSide: to(() => "http://[not-an-address"),
    ...get,
    expect: refused,
  },
  {
    rule: "a redirect with a name and a password in it is refused, or goes without a secret",
    farSide: { ...to(({ side }) => `${side.elsewhere.url.replace("//", "//name:word@")}/there`), elsewhere: other },
    ...get,
    expect: followed,
  },
  {
    rule: "a redirect that nobody knows is told as one",
    farSide: to(() => "/healthy", "399 Odd"),
    ...get,
    expect: either(succeeds("", 399), refused),
  },
];
