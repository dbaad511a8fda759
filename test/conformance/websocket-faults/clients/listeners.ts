import { type Hears, messageOf } from "./client.ts";

/** What the events of a browser's WebSocket say, in the shape that all its imitations share. */
interface SocketEvents {
  readonly open: unknown;
  readonly message: { readonly data: unknown };
  readonly error: { readonly error?: unknown; readonly message?: unknown };
  readonly close: { readonly code: number; readonly reason: string };
}

/** Adds a listener. */
export type On = <Name extends keyof SocketEvents>(
  name: Name,
  listener: (event: SocketEvents[Name]) => unknown,
) => void;

/** Listens as an application of the browser's interface does. */
export function listen(on: On, hears: Hears): void {
  let isOpen = false;
  on("open", () => {
    isOpen = true;
    hears.opened();
  });
  on("message", ({ data }) => hears.message(messageOf(data)));
  on("error", (event) => hears.told(event.error ?? event.message ?? "an error event that says nothing"));
  on("close", ({ code, reason }) => {
    hears.told({ closeCode: code, closeReason: reason });
    if (isOpen) hears.lost();
    isOpen = false;
  });
}

/** `ws` in place of the global WebSocket, for a library that takes no class. */
export function makeGlobal(socketClass: unknown): void {
  Object.defineProperty(globalThis, "WebSocket", { value: socketClass, configurable: true, writable: true });
}
