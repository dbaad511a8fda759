import { acceptsWith, answers, upgrades } from "../behaviour.ts";
import { comesBack, either, type FaultCase, goesOn } from "../fault-case.ts";
import { text } from "../frames.ts";
import type { Line } from "../line.ts";

const protocol = comesBack(
  ["protocol", "status"],
  [
    { code: "connection-protocol", outcome: "not-sent" },
    { code: "response-status", status: 101 },
  ],
);
function* headerLines(count: number): Generator<Buffer> {
  for (let i = 0; i < count; i++) yield Buffer.from(`x-pad-${i}: ${"a".repeat(16_000)}\r\n`);
}

const lowerCase = (line: Line): Buffer =>
  Buffer.from(
    line
      .acceptance()
      .toString("latin1")
      .replace(/^[\w-]+(?=:)/gm, (name) => name.toLowerCase()),
    "latin1",
  );

/** Upgrades that are answered with something else than they should be, and those that only look so. */
export const handshakeFaults: readonly FaultCase[] = [
  {
    rule: "an accept that is another's breaks the protocol",
    farSide: acceptsWith({ "Sec-WebSocket-Accept": "c28gc2hlIHNhaWQ=" }),
    expect: protocol,
  },
  {
    rule: "an accept that is missing breaks the protocol",
    farSide: acceptsWith({ "Sec-WebSocket-Accept": undefined }),
    expect: protocol,
  },
  {
    rule: "an accept in other letters breaks the protocol",
    farSide: upgrades((line) => {
      const said = line.acceptance().toString("latin1");
      line.write(
        Buffer.from(
          said.replace(/(?<=Accept: ).*/, (accept) => accept.toUpperCase()),
          "latin1",
        ),
      );
    }),
    expect: protocol,
  },
  {
    rule: "a 101 without an Upgrade breaks the protocol",
    farSide: acceptsWith({ Upgrade: undefined }),
    expect: protocol,
  },
  { rule: "a 101 to another protocol breaks the protocol", farSide: acceptsWith({ Upgrade: "h2c" }), expect: protocol },
  {
    rule: "a 101 without a Connection breaks the protocol",
    farSide: acceptsWith({ Connection: undefined }),
    expect: protocol,
  },
  {
    rule: "a subprotocol that nobody asked for breaks the protocol",
    farSide: acceptsWith({ "Sec-WebSocket-Protocol": "chat" }),
    expect: protocol,
  },
  {
    rule: "a subprotocol other than those asked for breaks the protocol",
    farSide: acceptsWith({ "Sec-WebSocket-Protocol": "chat" }),
    application: { protocols: ["feed.v1", "feed.v2"] },
    expect: protocol,
  },
  {
    rule: "the second of the subprotocols asked for is taken",
    farSide: acceptsWith({ "Sec-WebSocket-Protocol": "feed.v2" }),
    application: { protocols: ["feed.v1", "feed.v2"] },
    expect: goesOn(),
  },
  {
    rule: "an extension that nobody asked for breaks the protocol",
    farSide: acceptsWith({ "Sec-WebSocket-Extensions": "x-mirror" }),
    expect: protocol,
  },
  {
    rule: "extensions that cannot be read break the protocol",
    farSide: acceptsWith({ "Sec-WebSocket-Extensions": ";;=" }),
    expect: protocol,
  },
  {
    rule: "a Connection of several words is read word by word",
    farSide: acceptsWith({ Connection: "keep-alive, Upgrade" }),
    expect: goesOn(),
  },
  {
    rule: "header names in small letters are the same",
    farSide: upgrades((line) => {
      line.write(lowerCase(line));
      line.open();
    }),
    expect: goesOn(),
  },
  {
    rule: "the words of the upgrade in capitals are the same",
    farSide: acceptsWith({ Upgrade: "WEBSOCKET", Connection: "UPGRADE" }),
    expect: goesOn(),
  },
  {
    rule: "a reason that is another's does not matter",
    farSide: acceptsWith({}, "HTTP/1.1 101 Web Socket Protocol Handshake"),
    expect: goesOn(),
  },
  { rule: "a reason that is missing does not matter", farSide: acceptsWith({}, "HTTP/1.1 101 "), expect: goesOn() },
  {
    rule: "a 103 before the 101 is passed over",
    farSide: upgrades((line) => {
      line.write("HTTP/1.1 103 Early Hints\nlink: </a>\n\n");
      line.accept();
    }),
    expect: goesOn(),
  },
  {
    rule: "an upgrade in HTTP/1.0 is taken or refused",
    farSide: acceptsWith({}, "HTTP/1.0 101 Switching Protocols"),
    expect: either(),
  },
  {
    rule: "headers larger than there is room for break the protocol",
    farSide: upgrades((line) => {
      line.write(Buffer.concat([Buffer.from("HTTP/1.1 101 Switching Protocols\r\n"), ...headerLines(20)]));
    }),
    expect: protocol,
  },
  {
    rule: "headers without an end do not fill the memory",
    farSide: upgrades((line) => {
      line.write("HTTP/1.1 101 Switching Protocols\n");
      line.flood(headerLines(3_000));
    }),
    maxFloodBytes: 30 * 1024 * 1024,
    expect: protocol,
  },
  {
    rule: "the banner of another service breaks the protocol",
    farSide: answers("SSH-2.0-OpenSSH_9.2\n"),
    expect: protocol,
  },
  {
    rule: "frames of HTTP/2 break the protocol",
    farSide: answers(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])),
    expect: protocol,
  },
  {
    rule: "a TLS alert on a plain port breaks the protocol",
    farSide: answers(Buffer.from([0x15, 3, 1, 0, 2, 2, 0x28])),
    expect: protocol,
  },
  { rule: "a frame in place of the answer breaks the protocol", farSide: answers(text("hello")), expect: protocol },
  {
    rule: "an answer before its question breaks the protocol",
    farSide: {
      onConnection: (line) => {
        line.write(
          "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: c28gc2hlIHNhaWQ=\n\n",
        );
        line.reach();
        return true;
      },
    },
    expect: comesBack(
      ["protocol", "reset", "connect"],
      [{ code: "connection-protocol" }, { code: "connection-reset" }],
    ),
  },
];
