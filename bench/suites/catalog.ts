import type { Suite } from "../suite.ts";
import { pipeline } from "./pipeline.ts";
import { rest } from "./rest.ts";
import { scale } from "./scale.ts";
import { soak } from "./soak.ts";
import { startupCall } from "./startup-call.ts";
import { startupImport } from "./startup-import.ts";
import { startupStream } from "./startup-stream.ts";
import { webSocketMemory } from "./websocket-memory.ts";
import { webSocketReceive } from "./websocket-receive.ts";
import { webSocketSend } from "./websocket-send.ts";
import { webSocketSlow } from "./websocket-slow.ts";

/** Every suite there is. One more is one more file, and one more line here. */
export const suites: readonly Suite[] = [
  rest,
  pipeline,
  webSocketReceive,
  webSocketSend,
  webSocketMemory,
  webSocketSlow,
  scale,
  startupImport,
  startupCall,
  startupStream,
  soak,
];
