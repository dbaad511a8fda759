import { channel } from "node:diagnostics_channel";
import { expect, test } from "vitest";
import { hasSubscribers, publish, type ServiceEvents, subscribe } from "../../src/core/events.ts";

const started = { service: "payments", operation: "GET /x", callId: 1 };

test("a subscriber gets the plain object, of the kind it asked for alone", () => {
  const heard: unknown[] = [];
  const stop = subscribe("hawser:call:start", (event) => heard.push(event));
  publish("hawser:call:start", started);
  publish("hawser:lifecycle", { service: "payments", phase: "ready" });
  stop();
  expect(heard).toEqual([started]);
  expect(heard[0]).toBe(started);
});

test("the function that ends it ends that one subscription, once or twice", () => {
  const heard: string[] = [];
  const stopFirst = subscribe("hawser:lifecycle", () => heard.push("first"));
  const stopSecond = subscribe("hawser:lifecycle", () => heard.push("second"));
  publish("hawser:lifecycle", { service: "payments", phase: "starting" });
  stopFirst();
  stopFirst();
  publish("hawser:lifecycle", { service: "payments", phase: "ready" });
  stopSecond();
  expect(heard).toEqual(["first", "second", "second"]);
});

test("a listener may be subscribed twice, and is then told twice", () => {
  let heard = 0;
  const listen = (): void => void heard++;
  const stops = [subscribe("hawser:lifecycle", listen), subscribe("hawser:lifecycle", listen)];
  publish("hawser:lifecycle", { service: "payments", phase: "ready" });
  for (const stop of stops) stop();
  expect(heard).toBe(2);
});

test("using ends the subscription with its block", () => {
  {
    using subscription = subscribe("hawser:retry", () => undefined);
    expect([hasSubscribers("hawser:retry"), typeof subscription]).toEqual([true, "function"]);
  }
  expect(hasSubscribers("hawser:retry")).toBe(false);
});

test.each<keyof ServiceEvents>([
  "hawser:lifecycle",
  "hawser:call:start",
  "hawser:attempt",
  "hawser:retry",
  "hawser:call:end",
  "hawser:stream",
])("%s is a channel of diagnostics_channel that anybody may subscribe to", (name) => {
  const heard: unknown[] = [];
  const listen = (event: unknown): void => void heard.push(event);
  expect(hasSubscribers(name)).toBe(false);
  channel(name).subscribe(listen);
  publish(name, started as never);
  channel(name).unsubscribe(listen);
  expect(heard).toEqual([started]);
});
