import { describe, expect, test, vi } from "vitest";
import { systemClock, systemRandom } from "../../src/core/clock.ts";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import { subscribe } from "../../src/core/events.ts";
import { BaseExternalService, readServiceParts, type ServiceParts } from "../../src/core/external-service.ts";
import type { HealthReport } from "../../src/core/health.ts";
import { jsonLogger, silentLogger } from "../../src/core/logger.ts";
import { OptionReader } from "../../src/core/options.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

function partsOf(options: Record<string, unknown>): ServiceParts {
  const reader = new OptionReader("Payments", options);
  const parts = readServiceParts(reader, "Payments");
  reader.finish();
  return parts;
}

class Payments extends BaseExternalService {
  readonly log: string[] = [];

  constructor(options: Record<string, unknown> = {}) {
    super(partsOf({ name: "payments", logger: silentLogger, ...options }));
  }

  get parts(): unknown {
    return { logger: this.logger, clock: this.clock, random: this.random };
  }

  pay(): string {
    this.assertReady("POST /payments");
    return "paid";
  }

  async checkHealth(): Promise<HealthReport> {
    const time = new Date(this.clock.wallNow()).toISOString();
    return { service: this.name, status: "pass", latencyMs: 0, state: this.lifecycle, time };
  }

  protected async open(signal: AbortSignal): Promise<void> {
    this.log.push(`open ${signal.aborted}`);
  }

  protected async shut(): Promise<void> {
    this.log.push("shut");
  }
}

describe("the options that every service has", () => {
  test("not given, they are the class's name, the system's clock and chance, and the default logger", () => {
    const { name, clock, random, logger } = partsOf({});
    expect([name, clock, random]).toEqual(["Payments", systemClock, systemRandom]);
    expect(logger).toMatchObject({ level: "info" });
  });

  test("given, they are used, and every log entry carries the name", () => {
    const lines: string[] = [];
    const clock = new VirtualClock();
    const random = (): number => 0;
    const logger = jsonLogger({ write: (line) => void lines.push(line) });
    const parts = partsOf({ name: "payments", clock, random, logger });
    parts.logger.info({}, "hello");
    expect([parts.name, parts.clock, parts.random]).toEqual(["payments", clock, random]);
    expect(lines[0]).toContain('"service":"payments"');
  });

  test("everything wrong with them is told at once", () => {
    const wrong = { name: "", logger: () => undefined, clock: { now: () => 0 }, random: 4 };
    const refusal = vi.fn<(problems: readonly string[]) => void>();
    try {
      partsOf(wrong);
    } catch (error) {
      if (isServiceConfigurationError(error)) refusal(error.problems);
    }
    expect(refusal.mock.calls[0]?.[0]).toEqual([
      "name must not be empty",
      "logger must be an object with debug(), info(), warn(), error(), child(), not a function",
      "clock must be an object with now(), wallNow(), setTimer(), not an object",
      "random must be a function, not 4",
    ]);
  });
});

describe("a service", () => {
  test("connect resolves to the service itself, opened once", async () => {
    await using payments = new Payments();
    const connected: Payments = await payments.connect();
    await payments.connect();
    expect(connected).toBe(payments);
    expect(payments.log).toEqual(["open false"]);
  });

  test("await using closes it", async () => {
    const payments = new Payments();
    {
      await using used = await payments.connect();
      expect(used.lifecycle).toBe("ready");
    }
    expect([payments.lifecycle, payments.log]).toEqual(["stopped", ["open false", "shut"]]);
  });

  test("close is idempotent, and safe before it was ever connected", async () => {
    const payments = new Payments();
    await payments.close();
    await payments.close();
    expect([payments.lifecycle, payments.log]).toEqual(["stopped", []]);
  });

  test("a use before connect and after close is refused with what to do", async () => {
    const payments = new Payments();
    expect(() => payments.pay()).toThrow(
      /payments: POST \/payments: the service is not started: await its connect\(\)/,
    );
    await payments.connect();
    expect(payments.pay()).toBe("paid");
    await payments.close();
    expect(() => payments.pay()).toThrow(/a closed service stays closed: construct a new one/);
    await expect(payments.connect()).rejects.toThrow(/construct a new one/);
  });

  test("each step of its life is published and logged, at debug", async () => {
    const published: string[] = [];
    const stop = subscribe("hawser:lifecycle", ({ service, phase }) => published.push(`${service} ${phase}`));
    const lines: string[] = [];
    const logger = jsonLogger({ level: "debug", write: (line) => void lines.push(line) });
    const payments = new Payments({ logger });
    await payments.connect();
    await payments.close();
    stop();
    expect(published).toEqual(["starting", "ready", "draining", "stopped"].map((phase) => `payments ${phase}`));
    expect(lines.map((line) => (JSON.parse(line) as { level: number; phase: string }).phase)).toEqual([
      "starting",
      "ready",
      "draining",
      "stopped",
    ]);
  });

  test("its subclass gets the logger, the clock and the chance it was given", async () => {
    const clock = new VirtualClock();
    const random = (): number => 0;
    const payments = new Payments({ clock, random });
    expect(payments.parts).toMatchObject({ clock, random });
    expect(await payments.checkHealth()).toMatchObject({ service: "payments", state: "idle" });
  });
});
