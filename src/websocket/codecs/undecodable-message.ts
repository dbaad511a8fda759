import type { DecodeFault, DecodeIssue } from "../../core/errors.ts";

/** What a codec of ours throws: what is wrong with a message, which the service tells as its ServiceDecodeError. */
export class UndecodableMessage extends Error {
  readonly fault: DecodeFault;
  readonly issues: readonly DecodeIssue[];

  constructor(
    fault: DecodeFault,
    detail: string,
    options: { readonly issues?: readonly DecodeIssue[]; readonly cause?: unknown } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.fault = fault;
    this.issues = options.issues ?? [];
  }
}
