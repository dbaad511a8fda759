/**
 * The prefix that the variables of a service share: `paymentGateway`, `payment_gateway` and `payment-gateway` all give
 * `PAYMENT_GATEWAY`. Characters that a variable cannot have are left out.
 */
export function envPrefixFor(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .replaceAll(/[^A-Za-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .toUpperCase();
}

/** Whether a variable may start with it: POSIX names have letters, digits and underscores, and no digit in front. */
export function isEnvPrefix(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}
