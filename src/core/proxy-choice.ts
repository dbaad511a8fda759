import type { ProxyRoute } from "./proxy.ts";
import type { Secret } from "./secret.ts";

/**
 * The proxy that a URL is reached through; undefined where it is reached directly. `NO_PROXY` counts as it does for
 * undici's `EnvHttpProxyAgent`, which REST services go by: two services of one process must not read it differently.
 */
export function proxyFor(route: ProxyRoute, url: URL): Secret | undefined {
  if (route.kind === "direct") return undefined;
  if (route.kind === "proxy") return route.url;
  const isSecure = url.protocol === "https:" || url.protocol === "wss:";
  const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
  if (isExempt(route.except, bareHost(url.hostname), port)) return undefined;
  return isSecure ? route.https : route.http;
}

/** Without the brackets of IPv6 and the dot of a fully qualified name. */
function bareHost(hostname: string): string {
  return withoutDot(hostname.replace(/^\[(.+)\]$/, "$1").toLowerCase());
}

const withoutDot = (name: string): string => name.replace(/^(.+)\.$/, "$1");

interface Exemption {
  readonly host: string;
  /** 0 for every port. */
  readonly port: number;
  /** `*.example.com`: what is below, and not the name itself. */
  readonly isBelowOnly: boolean;
}

function isExempt(except: string, host: string, port: number): boolean {
  return except
    .split(/[,\s]/)
    .filter((entry) => entry !== "")
    .map(exemption)
    .some((entry) => {
      if (entry.port !== 0 && entry.port !== port) return false;
      if (entry.host === "*") return true;
      return (!entry.isBelowOnly && host === entry.host) || host.endsWith(`.${entry.host}`);
    });
}

/** `host`, `.host`, `*.host`, each with a port if need be; an IPv6 address with one stands in brackets. */
function exemption(entry: string): Exemption {
  const bracketed = /^\[(.+)\]:(\d+)$/.exec(entry);
  const plain = entry.replace(/^\[(.+)\]$/, "$1");
  // One colon begins a port; several belong to an address.
  const named = plain.split(":").length === 2 ? /^(.+):(\d+)$/.exec(plain) : null;
  const [, host = plain, port = "0"] = bracketed ?? named ?? [];
  return {
    host: withoutDot(host.replace(/^\*?\./, "")).toLowerCase(),
    port: Number(port),
    isBelowOnly: entry.startsWith("*"),
  };
}
