import { type ExternalServiceError, isServiceConnectionError } from "../../core/errors.ts";

/** How a connection ended, as `onDisconnect` is told. */
export interface DisconnectEvent {
  /** Why; absent where we closed it. */
  readonly error?: ExternalServiceError;
  /** The close code (RFC 6455, section 7.4), where there was one. */
  readonly code?: number;
  readonly reason?: string;
  readonly willReconnect: boolean;
}

/** @param end - `isClosing`: we had begun to close; the peer's Close frame is then no error, but its answer. */
export function disconnectEvent(end: {
  readonly error?: ExternalServiceError;
  readonly willReconnect: boolean;
  readonly isClosing: boolean;
}): DisconnectEvent {
  const { error, willReconnect, isClosing } = end;
  const closed = error !== undefined && isServiceConnectionError(error) ? error : undefined;
  const isExpected = isClosing && closed?.fault === "closed";
  return {
    ...(error === undefined || isExpected ? {} : { error }),
    ...(closed?.closeCode === undefined ? {} : { code: closed.closeCode }),
    ...(closed?.closeReason === undefined ? {} : { reason: closed.closeReason }),
    willReconnect,
  };
}
