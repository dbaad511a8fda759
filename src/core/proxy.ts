import type { Environment } from "./environment.ts";
import { ServiceConfigurationError } from "./errors.ts";
import type { OptionReader } from "./options.ts";
import { Secret } from "./secret.ts";

/** The option `proxy`, checked. A URL is a secret: it may hold a password. */
export type ProxyOption = "environment" | false | Secret;

/** How connections are made. The URLs may hold credentials. */
export type ProxyRoute =
  | { readonly kind: "direct" }
  | { readonly kind: "proxy"; readonly url: Secret }
  | {
      readonly kind: "environment";
      readonly http: Secret | undefined;
      readonly https: Secret | undefined;
      /** `NO_PROXY` */
      readonly except: string;
    };

const direct: ProxyRoute = { kind: "direct" };
const expected = 'a URL that starts with http:// or https://, "environment", or false';
const encoded = "user and password in it, if any, are percent-encoded";

/** Reads `proxy`; undefined where it was not given. */
export function readProxy(reader: OptionReader): ProxyOption | undefined {
  const given = reader.any("proxy");
  if (given === undefined || given === "environment" || given === false) return given;
  if (typeof given === "string" && isProxyUrl(given)) return new Secret(given);
  // Never the value: it may hold a password.
  reader.problem(`proxy must be ${expected}; ${encoded}`);
  return undefined;
}

/**
 * The way that connections take, from the option and, where it says so, from the environment (`HTTP_PROXY`,
 * `HTTPS_PROXY`, `NO_PROXY`, in lower case as well, which wins).
 *
 * @throws ServiceConfigurationError for a variable that is not a URL; its value is not shown.
 */
export function proxyRoute(service: string, option: ProxyOption, env: Environment): ProxyRoute {
  if (option === false) return direct;
  if (option !== "environment") return { kind: "proxy", url: option };
  const problems: string[] = [];
  const http = proxyVariable(env, "http_proxy", problems);
  const https = proxyVariable(env, "https_proxy", problems) ?? http;
  if (problems.length > 0) throw new ServiceConfigurationError(service, problems);
  if (http === undefined && https === undefined) return direct;
  const except = env["no_proxy"] || env["NO_PROXY"] || "";
  const secret = (url: string | undefined): Secret | undefined => (url === undefined ? undefined : new Secret(url));
  return { kind: "environment", http: secret(http), https: secret(https), except };
}

function proxyVariable(env: Environment, name: string, problems: string[]): string | undefined {
  const variable = env[name] ? name : name.toUpperCase();
  const value = env[variable];
  if (value === undefined || value === "") return undefined;
  // "proxy:3128", as other tools take it.
  const whole = value.includes("://") ? value : `http://${value}`;
  if (isProxyUrl(whole)) return whole;
  problems.push(`${variable} must be a URL that starts with http:// or https:// (${encoded}); or give proxy: false`);
  return undefined;
}

function isProxyUrl(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const { hostname, username, password } = new URL(text);
  return hostname !== "" && isDecodable(username) && isDecodable(password);
}

/** undici decodes them when the pool is made, and throws what is no error of ours. */
function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
