import type { LookupFunction } from "node:net";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PrivateAddressError, privateRuleOf, publicLookup } from "../../src/rest/private-addresses.ts";

describe("an address that is not of the public internet", () => {
  test.each([
    ["127.0.0.1", "a loopback address"],
    ["127.255.255.254", "a loopback address"],
    ["10.0.0.1", "a private address (RFC 1918)"],
    ["172.16.0.1", "a private address (RFC 1918)"],
    ["172.31.255.255", "a private address (RFC 1918)"],
    ["192.168.1.1", "a private address (RFC 1918)"],
    ["169.254.169.254", "a link-local address"],
    ["100.64.0.1", "a carrier-grade NAT address (RFC 6598)"],
    ["0.0.0.0", "an unspecified address"],
    ["224.0.0.1", "a multicast address"],
    ["255.255.255.255", "a reserved address"],
    ["192.0.2.1", "a reserved address"],
    ["::1", "a loopback address"],
    ["::", "an unspecified address"],
    ["fd00::1", "a unique-local address (RFC 4193)"],
    ["fc00::1", "a unique-local address (RFC 4193)"],
    ["fe80::1", "a link-local address"],
    ["fe80::1%eth0", "a link-local address"],
    ["fec0::1", "a site-local address"],
    ["ff02::1", "a multicast address"],
    ["64:ff9b:1::1", "a local NAT64 address (RFC 8215)"],
    ["2001::1", "a reserved address"],
    ["2001:db8::1", "a reserved address"],
    ["::ffff:127.0.0.1", "a loopback address"],
    ["::ffff:7f00:1", "a loopback address"],
    ["::ffff:0:10.0.0.1", "a private address (RFC 1918)"],
    ["::10.0.0.1", "a private address (RFC 1918)"],
    ["64:ff9b::a00:1", "a private address (RFC 1918)"],
    ["64:ff9b::169.254.169.254", "a link-local address"],
    ["2002:7f00:1::", "a loopback address"],
    ["127.1", "not an address"],
  ])("%s is %s", (address, rule) => {
    expect(privateRuleOf(address)).toBe(rule);
  });

  test.each([
    ["8.8.8.8"],
    ["172.15.255.255"],
    ["172.32.0.0"],
    ["100.63.255.255"],
    ["100.128.0.0"],
    ["169.253.255.255"],
    ["2606:4700:4700::1111"],
    ["::ffff:8.8.8.8"],
    ["64:ff9b::808:808"],
    ["2002:808:808::1"],
  ])("%s is none", (address) => {
    expect(privateRuleOf(address)).toBeUndefined();
  });

  test("is one in every IPv6 form of it", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
        const [high, low] = [((a << 8) | b).toString(16), ((c << 8) | d).toString(16)];
        const rule = privateRuleOf(address);
        for (const form of [`::ffff:${address}`, `::ffff:${high}:${low}`, `64:ff9b::${high}:${low}`]) {
          expect([form, privateRuleOf(form)]).toEqual([form, rule]);
        }
      }),
    );
  });
});

describe("a look-up", () => {
  const answering = (...answers: readonly (readonly string[])[]): { lookup: LookupFunction; asked: () => number } => {
    let asked = 0;
    return {
      asked: () => asked,
      lookup: (_hostname, options, callback) => {
        const addresses = answers[Math.min(asked, answers.length - 1)] ?? [];
        asked += 1;
        if (options.all === true) {
          callback(
            null,
            addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
          );
        } else callback(null, addresses[0] ?? "", 4);
      },
    };
  };
  const ask = (lookup: LookupFunction, all: boolean): Promise<unknown> =>
    new Promise((resolve, reject) => {
      lookup("api.test", { all }, (error, found) => (error === null ? resolve(found) : reject(error)));
    });

  test.each([[true], [false]])(
    "is asked once, and what it answers is what is checked and used (all: %j)",
    async (all) => {
      const { lookup, asked } = answering(["8.8.8.8"], ["10.0.0.1"]);
      const guarded = publicLookup(lookup);
      expect(await ask(guarded, all)).toEqual(all ? [{ address: "8.8.8.8", family: 4 }] : "8.8.8.8");
      expect(asked()).toBe(1);
      // The name moves between two connections: the second is refused by its own answer.
      await expect(ask(guarded, all)).rejects.toMatchObject({ rule: "a private address (RFC 1918)" });
      expect(asked()).toBe(2);
    },
  );

  test("with public addresses among others hands out those alone", async () => {
    const { lookup } = answering(["10.0.0.1", "8.8.8.8", "::1"]);
    expect(await ask(publicLookup(lookup), true)).toEqual([{ address: "8.8.8.8", family: 4 }]);
  });

  test("that fails fails as it is", async () => {
    const failure = Object.assign(new Error("no"), { code: "ENOTFOUND" });
    const lookup: LookupFunction = (_hostname, _options, callback) => callback(failure, "");
    await expect(ask(publicLookup(lookup), true)).rejects.toBe(failure);
  });

  test("that finds nothing is refused", async () => {
    const { lookup } = answering([]);
    await expect(ask(publicLookup(lookup), true)).rejects.toBeInstanceOf(PrivateAddressError);
  });
});
