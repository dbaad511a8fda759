import type { ClientFrame } from "./frames.ts";
import type { Line } from "./line.ts";

/** What the far side does until it is healed; what is not said, it does as a good server would. */
export interface Behaviour {
  /** @defaultValue "ws"; "untrusted" is TLS with a certificate for another host */
  readonly scheme?: "ws" | "wss" | "untrusted";
  /** Nobody takes the connections: the backlog of the kernel is full. */
  readonly accepts?: "backlog-full";
  /** A connection came, bare of TLS. Whoever takes it over returns true: nothing is then read from it. */
  readonly onConnection?: (line: Line) => boolean;
  /** The upgrade request came, whole. @defaultValue it is accepted */
  readonly onUpgrade?: (line: Line) => void;
  /** It was accepted, and the answer is on its way. */
  readonly onOpen?: (line: Line) => void;
  /**
   * A frame of the client came. Whoever has dealt with it returns true. @defaultValue pings are answered, a Close frame
   * is answered and the connection ended, messages are kept
   */
  readonly onFrame?: (line: Line, frame: ClientFrame) => boolean;
}

/** Deals so with the upgrade request. */
export const upgrades = (act: (line: Line) => void): Behaviour => ({
  onUpgrade: (line) => {
    act(line);
    line.reach();
  },
});

/** Opens as it should, and then says these bytes. */
export const says = (...parts: readonly Buffer[]): Behaviour => ({
  onOpen: (line) => {
    line.write(Buffer.concat(parts));
    line.reach();
  },
});

/** Opens as it should, and then does this. */
export const opensAnd = (act: (line: Line) => void): Behaviour => ({
  onOpen: (line) => {
    act(line);
    line.reach();
  },
});

/** Answers the upgrade request with these bytes, CRLF for every line end, and does this to the connection. */
export const answers = (bytes: string | Buffer, then: "stays" | "ends" | "resets" = "stays"): Behaviour => ({
  onUpgrade: (line) => {
    line.write(bytes);
    if (then === "ends") line.socket.end();
    if (then === "resets") line.resetSoon();
    line.reach();
  },
});

/** Refuses the upgrade as a good server would. */
export const refuses = (status: string, headers = "", body = "no"): Behaviour =>
  answers(
    `HTTP/1.1 ${status}\n${headers}${headers === "" ? "" : "\n"}connection: close\ncontent-length: ${Buffer.byteLength(body)}\n\n${body}`,
    "ends",
  );

/** Accepts, but for these header lines in place of its own; a value of undefined leaves one out. */
export const acceptsWith = (changes: Readonly<Record<string, string | undefined>>, status?: string): Behaviour => ({
  onUpgrade: (line) => {
    line.accept({ changes, ...(status === undefined ? {} : { status }) });
    line.reach();
  },
});

/** Neither reads nor writes any more, and keeps the connection. */
export const goesSilent: Behaviour = {
  onOpen: (line) => {
    line.socket.pause();
    line.reach();
  },
  onFrame: () => true,
};
