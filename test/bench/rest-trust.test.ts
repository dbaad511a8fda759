import { expect, test } from "vitest";
import { makeCertificate } from "../../bench/certificate.ts";
import { ended, nextMessage, startProgram } from "../../bench/processes.ts";
import type { ServerReady } from "../../bench/run-suite.ts";
import { restSubjects } from "../../bench/suites/rest-subjects.ts";
import type { Job, Report } from "../../bench/worker.ts";

const program = (path: string): URL => new URL(`../../bench/${path}`, import.meta.url);
const atATime = 6;

test("over TLS, every subject refuses a server that its authority does not vouch for", {
  timeout: 300_000,
}, async () => {
  const server = startProgram(program("servers/canned.ts"), { args: [], nodeArgs: [], core: undefined });
  try {
    const { tls } = (await nextMessage(server, "the server", 60_000)) as ServerReady;
    const stranger = { origin: `https://127.0.0.1:${tls?.port}`, ca: (await makeCertificate()).cert };
    const left = restSubjects.map(({ id }) => id);
    const trusting: string[] = [];
    const next = async (): Promise<void> => {
      for (let subject = left.shift(); subject !== undefined; subject = left.shift())
        if (!/self-signed certificate|SELF_SIGNED_CERT/.test(await failureOf(subject, stranger)))
          trusting.push(subject);
    };
    await Promise.all(Array.from({ length: atATime }, next));
    expect(trusting).toEqual([]);
  } finally {
    server.disconnect();
    await ended(server);
  }
});

/** Empty where it did not fail. */
async function failureOf(subject: string, tls: NonNullable<Job["tls"]>): Promise<string> {
  const job: Job = { suite: "rest", subject, workload: "tls-get-200B@1", warmUpMs: 1, measureMs: 1, origin: "", tls };
  const child = startProgram(program("worker.ts"), {
    args: [JSON.stringify(job)],
    nodeArgs: ["--expose-gc", "--no-warnings"],
    core: undefined,
  });
  const report = (await nextMessage(child, subject, 60_000)) as Report;
  await ended(child);
  return "error" in report ? report.error : "";
}
