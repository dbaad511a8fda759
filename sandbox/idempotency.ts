import { type Answer, problem } from "./answer.ts";

interface KeptAnswer {
  readonly fingerprint: string;
  readonly answer: Promise<Answer>;
}

/** The answers given under idempotency keys (draft-ietf-httpapi-idempotency-key-header). */
export class IdempotencyKeys {
  readonly #kept = new Map<string, KeptAnswer>();

  /**
   * The answer of `work`, which runs once for a key; who repeats the key waits for it if it is still being worked on.
   * The key is taken before `work` can wait for anything, so two requests at the same moment cannot both run it.
   */
  async answer(key: string | undefined, fingerprint: string, work: () => Promise<Answer>): Promise<Answer> {
    if (key === undefined) return work();
    if (key === "" || key.length > 255) {
      return problem(400, "Bad Idempotency-Key", "An Idempotency-Key has 1 to 255 characters.");
    }
    const kept = this.#kept.get(key);
    if (kept === undefined) {
      const answer = work();
      this.#kept.set(key, { fingerprint, answer });
      return answer;
    }
    if (kept.fingerprint !== fingerprint) {
      return problem(422, "Idempotency-Key reused", "This Idempotency-Key came before with another body.");
    }
    const answer = await kept.answer;
    return { ...answer, headers: { ...answer.headers, "idempotency-replayed": "true" } };
  }

  clear(): void {
    this.#kept.clear();
  }
}
