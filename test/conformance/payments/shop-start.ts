import { once } from "node:events";
import { silentLogger } from "hawser";
import { seededRandom } from "../../../sandbox/random.ts";
import { Journal } from "./journal.ts";
import { makeOrders } from "./order.ts";
import { PaymentGateway } from "./payment-gateway.ts";
import type { ShopMessage, ShopTask } from "./shop-process.ts";
import { Shop } from "./shop.ts";

// The process that is killed. It knows the far side by its URL and the past by its journal, nothing else.

// Whoever started it is gone: nobody would end it.
const orphaned = (): void => process.exit(1);
process.once("disconnect", orphaned);
// It may be gone since before this line.
if (!process.connected) orphaned();

const [task] = (await once(process, "message")) as [ShopTask];
const tell = (message: ShopMessage): void => void process.send?.(message);

const { journal, records } = await Journal.open(task.journalPath);
const gateway = new PaymentGateway({
  baseUrl: task.url,
  apiKey: task.apiKey,
  endpointBase: "/v1",
  logger: silentLogger,
  deadlineMs: 4_000,
  attemptTimeoutMs: 400,
  // Fewer than there are calls at a time, so that some wait for one, and some in vain.
  maxConnections: Math.ceil(task.atOnce / 3),
  retry: { maxRetries: 2, baseDelayMs: 10, maxDelayMs: 200 },
});
{
  await using open = new AsyncDisposableStack();
  open.use(journal);
  open.use(await gateway.connect());
  const orders = makeOrders(task.payments, seededRandom(task.seed));
  const events = {
    calling: () => tell({ is: "calling" }),
    paid: (reference: string, paymentId: string) => tell({ is: "paid", reference, paymentId }),
  };
  const shop = new Shop({ gateway, journal, records, orders, events });
  // First of all: a process that nobody heard of was not there.
  await journal.append({ is: "run" });
  tell({ is: "open", confirmed: shop.confirmed });
  await shop.open(task.atOnce);
}
process.off("disconnect", orphaned);
process.disconnect();
