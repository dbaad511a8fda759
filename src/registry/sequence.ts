import { ServiceStopError } from "../core/errors.ts";
import type { BaseExternalService } from "../core/external-service.ts";
import type { Logger } from "../core/logger.ts";

/** Services by name, in the order in which they start. */
export type NamedServices = ReadonlyMap<string, BaseExternalService>;

/**
 * Connects one service after the other. When one fails, or the signal aborts, those before it and itself are closed
 * in reverse, and what was thrown first is thrown; what closing throws then is logged.
 *
 * @throws What the service threw; the signal's reason.
 */
export async function connectInOrder(
  services: NamedServices,
  run: { readonly signal: AbortSignal; readonly logger: Logger; readonly onConnected?: (name: string) => void },
): Promise<void> {
  const { signal, logger, onConnected } = run;
  const tried = new Map<string, BaseExternalService>();
  try {
    for (const [name, service] of services) {
      signal.throwIfAborted();
      tried.set(name, service);
      await connect(service, signal);
      signal.throwIfAborted();
      onConnected?.(name);
    }
  } catch (error) {
    await closeInReverse(tried).catch((failed: unknown) => logger.warn({ err: failed }, "roll-back of the start"));
    throw error;
  }
}

async function connect(service: BaseExternalService, signal: AbortSignal): Promise<void> {
  // Closing a service that starts is what makes its connect() give up. What that throws, the roll-back meets again.
  const giveUp = (): void => void service.close().catch(() => undefined);
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    await service.connect();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

/**
 * Closes one service after the other, the last one first, each of them whatever the others do.
 *
 * @throws ServiceStopError once all were tried, with what each that failed threw.
 */
export async function closeInReverse(services: NamedServices): Promise<void> {
  const failures = new Map<string, unknown>();
  for (const [name, service] of [...services].toReversed()) {
    try {
      await service.close();
    } catch (error) {
      failures.set(name, error);
    }
  }
  if (failures.size > 0) throw new ServiceStopError(failures);
}
