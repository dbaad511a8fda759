import { listenToAbort, unlistenToAbort } from "../core/abort-listeners.ts";
import type { BaseExternalService } from "../core/external-service.ts";

/** One service of a registry that runs, from its making to its end. */
export interface Member {
  readonly name: string;
  /** Names of those that must be up before it, and closed after it. */
  readonly needs: readonly string[];
  readonly isLate: boolean;
  /** What is handed out, once it is open. */
  readonly service: unknown;
  /**
   * Makes it usable. May be called again after it failed.
   *
   * @throws The reason of the signal, which gives it up.
   */
  open(signal: AbortSignal): Promise<void>;
  /** Ends it, in every state, and once. */
  close(): Promise<void>;
}

/** A member that is a service object from the start, as those of `rest()` and `ws()` are. */
export class ClientMember implements Member {
  readonly name: string;
  readonly needs: readonly string[] = [];
  readonly isLate: boolean;
  readonly service: BaseExternalService;

  constructor(name: string, service: BaseExternalService, isLate = false) {
    this.name = name;
    this.service = service;
    this.isLate = isLate;
  }

  async open(signal: AbortSignal): Promise<void> {
    await connect(this.service, signal);
  }

  async close(): Promise<void> {
    await this.service.close();
  }
}

/** Connects a service; that the signal aborts closes it. @throws The signal's reason; what the service threw. */
export async function connect(service: BaseExternalService, signal: AbortSignal): Promise<void> {
  // It may have come while the service was made, and then nobody would hear of it.
  signal.throwIfAborted();
  // Closing a service that starts is what makes its connect() give up. What that throws, the roll-back meets again.
  const giveUp = (): void => void service.close().catch(() => undefined);
  listenToAbort(signal, giveUp);
  try {
    await service.connect();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    unlistenToAbort(signal, giveUp);
  }
}
