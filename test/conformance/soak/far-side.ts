import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { serve } from "./child.ts";
import type { Sabotage } from "./flags.ts";
import { dueAt, type FarSideCommand, type FarSideReport, type Hello, type Schedule } from "./messages.ts";

// The far side, in a process that is killed and started again: what it has to say follows from the time alone, so its
// replay log needs no disk.

interface Visitor {
  readonly ws: WebSocket;
  readonly hello: Hello;
  /** Up to here it was given. */
  sent: number;
}

const tickMs = 10;
const reportMs = 50;
/** A reader that is slow is not written for without end. */
const highWaterBytes = 64 * 1024;
const closeCodes = [1000, 1001, 1011, 1012, 1013];

const visitors = new Set<Visitor>();
let arrivals: [number, number, number][] = [];
let hasSabotaged = false;

const report = (message: FarSideReport): void => void process.send?.(message);

serve((command: FarSideCommand) => {
  if (command.do === "listen") listen(command.schedule, command.sabotage);
  else dismiss(command.pick);
});

function listen(schedule: Schedule, sabotage: Sabotage | undefined): void {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("listening", () => report({ is: "listening", port: (server.address() as AddressInfo).port }));
  server.on("connection", (ws) => {
    let visitor: Visitor | undefined;
    ws.on("error", () => undefined);
    ws.on("close", () => visitor !== undefined && visitors.delete(visitor));
    ws.on("message", (data) => {
      const message = JSON.parse((data as Buffer).toString()) as Hello | { readonly up: number };
      if ("hello" in message) {
        visitor = { ws, hello: message, sent: message.after };
        visitors.add(visitor);
        // The answer comes after some numbers, so that they have to be kept; not after all, for more than an inbox holds
        // cannot be.
        give(visitor, schedule, sabotage, message.after + 20);
        if (message.isWelcomeWanted) ws.send('{"welcome":true}');
      } else if (visitor !== undefined) arrive(visitor, message.up, sabotage);
    });
  });
  setInterval(() => {
    for (const visitor of visitors) give(visitor, schedule, sabotage);
  }, tickMs);
  setInterval(tellArrivals, reportMs);
}

/** Everything that is due and not sent yet, as far as the reader keeps up. */
function give(visitor: Visitor, schedule: Schedule, sabotage: Sabotage | undefined, upTo = schedule.total): void {
  const due = Math.min(upTo, dueAt(Date.now(), schedule));
  while (visitor.sent < due && visitor.ws.bufferedAmount < highWaterBytes) {
    visitor.sent += 1;
    const isMiddle = visitor.hello.hello === 3 && visitor.sent === Math.floor(schedule.total / 2);
    if (isMiddle && sabotage === "drop") continue;
    if (isMiddle && sabotage === "swap") {
      say(visitor, visitor.sent + 1);
      say(visitor, visitor.sent);
      visitor.sent += 1;
      continue;
    }
    say(visitor, visitor.sent);
  }
}

function say({ ws, hello }: Visitor, number: number): void {
  ws.send(`{"stream":${hello.hello},"n":${number},"pad":"${"x".repeat(number % 200)}"}`);
}

function arrive({ hello }: Visitor, number: number, sabotage: Sabotage | undefined): void {
  const isChosen = !hasSabotaged && hello.hello === 3 && number > 10;
  if (isChosen && sabotage === "lose") {
    hasSabotaged = true;
    return;
  }
  arrivals.push([hello.hello, hello.generation, number]);
  if (!isChosen || sabotage !== "twice") return;
  hasSabotaged = true;
  arrivals.push([hello.hello, hello.generation, number]);
}

function tellArrivals(): void {
  if (arrivals.length === 0) return;
  report({ is: "arrived", arrivals });
  arrivals = [];
}

function dismiss(pick: number): void {
  const some = [...visitors].filter((_, index) => (index + Math.floor(pick * 100)) % 5 === 0);
  some.forEach(({ ws }, index) => ws.close(closeCodes[(index + Math.floor(pick * 10)) % closeCodes.length]));
  report({ is: "dismissed", count: some.length });
}
