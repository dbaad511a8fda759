import { jsonLogger, type Logger } from "hawser";

interface Entry {
  readonly level: number;
  readonly msg: string;
  readonly service?: string;
  readonly err?: { readonly message?: string };
  readonly error?: { readonly message?: string; readonly operation?: string };
}

/** For this long the same line is not printed again: an outage says the same thing many times a second. */
const repeatAfterMs = 10_000;

/** A logger for people: what is worth a look, in one line each. A program that runs unattended takes pino. */
export function humanLogger(print: (line: string) => void): Logger {
  const printedAt = new Map<string, number>();
  return jsonLogger({
    level: "warn",
    write(line) {
      const { level, msg, service, err, error } = JSON.parse(line) as Entry;
      // The status page shows how the services are; told once a second, it would be noise here.
      if (error?.operation?.endsWith("/health")) return;
      const message = (error ?? err)?.message ?? (service === undefined ? msg : `${service}: ${msg}`);
      const text = `  ${level >= 50 ? "error" : "warn"}  ${withoutFacts(message)}`;
      const now = performance.now();
      if (now - (printedAt.get(text) ?? Number.NEGATIVE_INFINITY) < repeatAfterMs) return;
      printedAt.set(text, now);
      print(text);
    },
  });
}

/** Without phase, attempts and times, which a person looks up when it matters. */
const withoutFacts = (message: string): string => message.replace(/ \(phase .*\)$/, "");
