import type { OptionReader } from "../../core/options.ts";

/** Where a fault proxy leads. */
export interface ProxyTarget {
  readonly host: string;
  readonly port: number;
}

const ports: Readonly<Record<string, number>> = { "http:": 80, "ws:": 80, "https:": 443, "wss:": 443 };
const nowhere: ProxyTarget = { host: "", port: 0 };
const expected = "target must be a URL (http, https, ws, wss, tcp), host:port, or { host, port }";

/** Reads `target`; the reader reports what is wrong with it. */
export function readTarget(reader: OptionReader): ProxyTarget {
  const given = reader.any("target");
  if (given === undefined) {
    reader.problem(`${expected}; it is required`);
    return nowhere;
  }
  if (typeof given === "string" || given instanceof URL) return ofUrl(given, reader);
  const nested = reader.nested("target");
  const host = nested?.string("host", "") ?? "";
  const port = nested?.number("port", 0, { min: 1, max: 65_535, whole: true }) ?? 0;
  nested?.rejectUnknown();
  if (host === "" || port === 0) reader.problem(expected);
  return { host, port };
}

function ofUrl(given: string | URL, reader: OptionReader): ProxyTarget {
  const url = parsed(given);
  const port = url === undefined ? 0 : Number(url.port) || (ports[url.protocol] ?? 0);
  if (url === undefined || url.hostname === "" || port === 0) {
    reader.problem(expected);
    return nowhere;
  }
  if (url.username !== "" || url.password !== "")
    reader.problem("target must hold no credentials: the client sends them");
  return { host: url.hostname.replace(/^\[(.+)\]$/, "$1"), port };
}

function parsed(given: string | URL): URL | undefined {
  if (given instanceof URL) return given;
  const url = URL.canParse(given) && given.includes("://") ? given : `tcp://${given}`;
  return URL.canParse(url) ? new URL(url) : undefined;
}

/** The URL of the target with the proxy's address in the place of its own. */
export function urlThrough(target: string | URL | ProxyTarget, port: number): string {
  const url = typeof target === "string" || target instanceof URL ? parsed(target) : undefined;
  // A certificate for localhost is none for 127.0.0.1.
  const host = url?.hostname === "localhost" ? "localhost" : "127.0.0.1";
  const path = url === undefined || url.pathname === "/" ? "" : url.pathname;
  return `${url?.protocol ?? "tcp:"}//${host}:${port}${path}${url?.search ?? ""}`;
}
