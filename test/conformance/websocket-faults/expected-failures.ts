/**
 * Where Hawser itself does not do what a case asks, by the case's rule, with the reason. A case that is listed here and
 * passes fails the suite, so the list cannot outlive its reasons.
 */
export const expectedFailures: Readonly<Record<string, string>> = {};
