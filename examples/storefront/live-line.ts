import type { Storefront } from "./app.ts";
import type { Terminal } from "./terminal.ts";

/** Keeps the bottom line of the terminal up to date, once a second, until what it returns is called. */
export function startLiveLine(terminal: Terminal, storefront: Storefront): () => void {
  if (!terminal.isInteractive) return () => undefined;
  const timer = setInterval(() => terminal.live(liveLine(storefront)), 1_000);
  terminal.live(liveLine(storefront));
  return () => {
    clearInterval(timer);
    terminal.live("");
  };
}

/** What goes on, in one line. */
export function liveLine({ app, activity, background }: Storefront): string {
  const payments = activity.of("paymentGateway");
  const notifications = background.counts;
  const feed = app.services.get("realtime");
  const ageMs = feed.lastTickAgeMs;
  return [
    `  payments ${payments.calls - payments.failures} ok, ${payments.failures} failed, ${payments.retries} retries`,
    `notifications ${notifications.done} sent, ${notifications.failed} failed`,
    `feed ${feed.state.name}, tick ${feed.lastSeq ?? "-"}${ageMs !== undefined && ageMs > 1_000 ? ` (${Math.round(ageMs / 1000)} s ago)` : ""}`,
  ].join(" · ");
}
