import { Agent, type Dispatcher } from "undici";
import { expect, test } from "vitest";
import { HeapSamples } from "../conformance/soak/memory.ts";
import { httpServer } from "../support/http-server.ts";
import { startedPayments } from "../support/rest-client.ts";
import { settled } from "../support/virtual-clock.ts";

const bodyBytes = 1_000_000;

test("whoever keeps what undici tells of a request keeps nothing of its answer", async () => {
  const body = Buffer.alloc(bodyBytes, "a");
  await using server = await httpServer((_request, response) => response.end(body));
  const agent = new Agent();
  const handlers: Dispatcher.DispatchHandler[] = [];
  const dispatcher = {
    dispatch: (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean => {
      handlers.push(handler);
      return agent.dispatch(options, handler);
    },
  };
  await using service = await startedPayments(server, { dispatcher });
  const heap = new HeapSamples();
  const heldAfter = async (calls: number): Promise<number> => {
    for (let i = 0; i < calls; i++) expect((await service.get("/x")).bytes().byteLength).toBe(bodyBytes);
    await settled();
    heap.take();
    return process.memoryUsage().arrayBuffers;
  };
  const first = await heldAfter(2);
  const grown = (await heldAfter(20)) - first;
  await agent.close();
  expect(handlers).toHaveLength(22);
  expect(grown).toBeLessThan(5 * bodyBytes);
});
