// What docs/bodies-and-answers.md shows, compiled: the document's blocks stand here word for word.
import { createReadStream, openAsBlob } from "node:fs";
import {
  hasErrorBody,
  isServiceDecodeError,
  isServiceWaitError,
  RESTService,
  type RESTServiceOptions,
  safe,
} from "hawser";
import { z } from "zod";

const Payment = z.object({ id: z.string(), status: z.string() });
const NotFound = z.object({ missing: z.string() });
const Trouble = z.object({ trace: z.string() });
const Export = z.object({ state: z.enum(["running", "done", "failed"]), file: z.string().optional() });
const Row = z.object({ n: z.number() });
const Page = z.object({ data: z.array(Payment), next: z.string().nullable() });
const Tick = z.object({ price: z.number() });
declare const bar: { update(fraction: number): void };
declare const write: (row: unknown) => Promise<void>;
declare const saved: { lastEventId: string };

export class Gateway extends RESTService {
  constructor(options: RESTServiceOptions) {
    super({ endpointBase: "/v1", ...options });
  }

  async upload(path: string, size: number) {
    return this.postJson("/documents", {
      multipart: {
        kind: "receipt",
        tags: ["2026", "travel"],
        scan: await openAsBlob(path, { type: "application/pdf" }),
        original: {
          content: () => createReadStream(path),
          size,
          filename: "original.pdf",
          contentType: "application/pdf",
        },
      },
      onUploadProgress: ({ sentBytes, totalBytes = Infinity }) => bar.update(sentBytes / totalBytes),
    });
  }

  find(id: string) {
    return this.getJson("/payments/{id}", {
      path: { id },
      schema: { 200: Payment, 404: NotFound, "5xx": Trouble },
    });
  }

  async status(id: string) {
    const result = await this.find(id).safe();
    if (result.ok) return result.value.status;
    switch (result.matched) {
      case 404:
        return `no ${result.body.missing}`;
      case "5xx":
        return `in trouble: ${result.body.trace}`;
      default:
        throw result.error;
    }
  }

  async statusOrThrow(id: string) {
    try {
      return (await this.find(id)).status;
    } catch (error) {
      if (hasErrorBody(error, NotFound)) return `no ${error.body.missing}`;
      throw error;
    }
  }

  async both(a: string, b: string) {
    const result = await safe(Promise.all([this.find(a), this.find(b)]));
    return result.ok ? result.value : result.error.code;
  }

  async copyTo(destination: WritableStream<Uint8Array>) {
    await using response = await this.stream("/export", { deadlineMs: 600_000 });
    await response.pipeTo(destination);
  }

  payments() {
    return this.paginate("/payments", {
      params: { limit: 100 },
      schema: Page,
      items: ({ data }) => data,
      next: { cursor: ({ body }) => body.next, param: "starting_after" },
    });
  }

  async firstFailed() {
    for await (const payment of this.payments()) if (payment.status === "failed") return payment;
    return undefined;
  }

  async exported(id: string) {
    try {
      return await this.waitFor("/exports/{id}", {
        path: { id },
        schema: Export,
        until: ({ value }) => value.state === "done",
        failed: ({ value }) => value.state === "failed",
        maxWaitMs: 60_000,
      });
    } catch (error) {
      if (isServiceWaitError(error) && error.reason === "failed") return undefined;
      throw error;
    }
  }

  async follow(signal: AbortSignal) {
    for await (const { data, id } of this.events("/ticks", { schema: Tick, signal, lastEventId: saved.lastEventId })) {
      bar.update(data.price);
      saved.lastEventId = id;
    }
  }

  async *answer(prompt: string) {
    const stream = this.events("/chat", {
      method: "POST",
      json: { prompt, stream: true },
      shouldEnd: ({ data }) => data === "[DONE]",
      deadlineMs: 120_000,
    });
    for await (const { data } of stream) yield data;
  }

  async rows() {
    const rows = this.lines("/rows", {
      schema: Row,
      deadlineMs: 600_000,
      resume: ({ last }) => ({ params: { after: last?.n } }),
    });
    for await (const row of rows) await write(row);
  }

  async fetchExport(id: string) {
    try {
      const { bytes, connections } = await this.download("/exports/{id}/file", {
        path: { id },
        to: `/var/exports/${id}.csv`,
        deadlineMs: 3_600_000,
        onProgress: ({ receivedBytes, totalBytes = Infinity }) => bar.update(receivedBytes / totalBytes),
      });
      return `${bytes} bytes over ${connections} connections`;
    } catch (error) {
      if (isServiceDecodeError(error) && error.fault === "range") return "the service changes it under our hands";
      throw error;
    }
  }
}
