import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

/** Why a connection was not made: its address is none of the public internet. */
export class PrivateAddressError extends Error {
  readonly code = "ERR_PRIVATE_ADDRESS";
  /** The kind of address, fit for a message. */
  readonly rule: string;

  /** The message has the address, which the error of the call does not show: it tells what lies behind a name. */
  constructor(rule: string, address: string) {
    super(`${address} is ${rule}`);
    this.rule = rule;
  }
}

type Rule = readonly [rule: string, family: "ipv4" | "ipv6", ...subnets: readonly (readonly [string, number])[]];

// IANA's special-purpose address registries (RFC 6890 and its updates). Order matters where one lies in another.
const rules: readonly Rule[] = [
  ["a loopback address", "ipv4", ["127.0.0.0", 8]],
  ["a private address (RFC 1918)", "ipv4", ["10.0.0.0", 8], ["172.16.0.0", 12], ["192.168.0.0", 16]],
  ["a link-local address", "ipv4", ["169.254.0.0", 16]],
  ["a carrier-grade NAT address (RFC 6598)", "ipv4", ["100.64.0.0", 10]],
  ["an unspecified address", "ipv4", ["0.0.0.0", 8]],
  ["a multicast address", "ipv4", ["224.0.0.0", 4]],
  [
    "a reserved address",
    "ipv4",
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["240.0.0.0", 4],
  ],
  ["a loopback address", "ipv6", ["::1", 128]],
  ["an unspecified address", "ipv6", ["::", 128]],
  ["a unique-local address (RFC 4193)", "ipv6", ["fc00::", 7]],
  ["a link-local address", "ipv6", ["fe80::", 10]],
  ["a site-local address", "ipv6", ["fec0::", 10]],
  ["a multicast address", "ipv6", ["ff00::", 8]],
  ["a local NAT64 address (RFC 8215)", "ipv6", ["64:ff9b:1::", 48]],
  ["a reserved address", "ipv6", ["2001::", 23], ["2001:db8::", 32], ["100::", 64], ["3fff::", 20], ["5f00::", 16]],
];

const lists = rules.map(([rule, family, ...subnets]) => {
  const list = new BlockList();
  for (const [net, prefix] of subnets) list.addSubnet(net, prefix, family);
  return { rule, family, list };
});

/** What kind of address that is not public this is; undefined for a public one. */
export function privateRuleOf(address: string): string | undefined {
  // A zone (fe80::1%eth0) is no part of the address.
  const [bare = ""] = address.split("%", 1);
  const version = isIP(bare);
  if (version === 0) return "not an address";
  const family = version === 4 ? "ipv4" : "ipv6";
  const within = version === 6 ? embedded(groupsOf(bare)) : undefined;
  if (within !== undefined) return privateRuleOf(within);
  return lists.find(({ list, family: own }) => own === family && list.check(bare, family))?.rule;
}

/**
 * The IPv4 address that an IPv6 one stands for: mapped (RFC 4291), compatible, translated (RFC 6052 and 2765), NAT64,
 * 6to4. Whoever connects to one of these ends up at the other.
 */
function embedded(groups: readonly number[]): string | undefined {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  if (a === 0x2002) return dotted(b, c);
  const isLow = [a, b, c, d].every((group) => group === 0);
  const isMapped = isLow && ((e === 0 && f === 0xffff) || (e === 0xffff && f === 0));
  // Neither :: nor ::1, which are addresses of their own.
  const isCompatible = isLow && e === 0 && f === 0 && (g !== 0 || h > 1);
  const isNat64 = a === 0x64 && b === 0xff9b && [c, d, e, f].every((group) => group === 0);
  return isMapped || isCompatible || isNat64 ? dotted(g, h) : undefined;
}

const dotted = (high: number, low: number): string => [high >> 8, high & 255, low >> 8, low & 255].join(".");

/** The eight groups of a valid IPv6 address. */
function groupsOf(address: string): number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...bytes: string[]) => {
    const [p = 0, q = 0, r = 0, s = 0] = bytes.slice(0, 4).map(Number);
    return `${((p << 8) | q).toString(16)}:${((r << 8) | s).toString(16)}`;
  });
  const [head = "", tail] = hex.split("::");
  const parse = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const [before, after] = [parse(head), parse(tail ?? "")];
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/**
 * A DNS look-up that hands out public addresses alone. The check is made on the very answer that the connection is
 * then made with: a name that is looked up once for the check and once more for the connection may have moved in
 * between (DNS rebinding).
 */
export function publicLookup(lookup: LookupFunction = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, found, family) => {
      if (error !== null) {
        callback(error, found, family);
        return;
      }
      const all = Array.isArray(found) ? found : [{ address: found, family: family ?? 4 }];
      const allowed = all.filter(({ address }) => privateRuleOf(address) === undefined);
      if (allowed.length > 0) {
        callback(null, Array.isArray(found) ? allowed : found, family);
        return;
      }
      const [first] = all as [LookupAddress | undefined];
      const address = first?.address ?? "";
      callback(new PrivateAddressError(privateRuleOf(address) ?? "not an address", address), found, family);
    });
  };
}
