import { getBuiltinModule } from "node:process";

/** What is needed of a test of node:test, whose types leave out that it knows whether it has failed. */
interface RunningTest {
  readonly passed: boolean;
  readonly error: unknown;
  after(hook: () => void): void;
  diagnostic(message: string): void;
}

/**
 * Fails the test that leaves an `await using`: by throwing, or under node:test when the test is over. What is thrown
 * there while the test fails already becomes a SuppressedError, of which node:test shows neither part. So the test's own
 * error is what it fails by, and this one is said beside it.
 */
export function failTest(error: unknown): void {
  const test = runningTest();
  if (test === undefined) throw error;
  test.after(() => {
    if (test.error === null) throw error;
    test.diagnostic(error instanceof Error ? error.message : String(error));
  });
}

/** The test of node:test whose function is under way; undefined under any other runner, and before Node 24.19. */
function runningTest(): RunningTest | undefined {
  const runner: { readonly getTestContext?: () => object | undefined } = getBuiltinModule("node:test");
  const context = runner.getTestContext?.();
  // A hook of a suite has the suite for its context, and one of a test comes when all is decided.
  return context !== undefined && isTest(context) && !context.passed ? context : undefined;
}

const isTest = (context: object): context is RunningTest => "diagnostic" in context && "plan" in context;
