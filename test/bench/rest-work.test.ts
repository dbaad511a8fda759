import { expect, test } from "vitest";
import { byId } from "../../bench/named.ts";
import { restWorkloads, workOf } from "../../bench/rest-work.ts";

const plain = { warmUpMs: 1, measureMs: 1, origin: "http://127.0.0.1:1" };
const both = { ...plain, tls: { origin: "https://127.0.0.1:2", ca: "" } };

test("each kind of call is made plainly and over TLS, 1, 10, 64 and 512 at a time; 1 MB not 512", () => {
  const kinds = ["get-200B", "get-10KB", "get-1MB", "post-1KB"].flatMap((kind) => [kind, `tls-${kind}`]);
  const ids = kinds.flatMap((kind) => [1, 10, 64, 512].map((concurrency) => `${kind}@${concurrency}`));
  const wanted = ids.filter((id) => !id.endsWith("1MB@512"));
  expect(restWorkloads.map(({ id }) => id).toSorted()).toEqual(wanted.toSorted());
});

test("a workload over TLS goes to where the server speaks it, and to nowhere where it does not", () => {
  const workload = byId(restWorkloads, "tls-get-10KB@10");
  expect(workOf(workload, both).work).toEqual({
    method: "GET",
    origin: both.tls.origin,
    path: "/json/10240",
    json: undefined,
    concurrency: 10,
  });
  expect(() => workOf(workload, plain)).toThrow("does not speak TLS");
});

test("a POST sends 1 KB of JSON, and is answered with 200 B", () => {
  const { work, expected } = workOf(byId(restWorkloads, "post-1KB@64"), plain);
  expect([work.json, expected].map((json) => JSON.stringify(json).length)).toEqual([1_024, 200]);
});
