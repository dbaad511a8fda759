/** `hawser/testing`: tests of what you build on Hawser, without a network. See docs/testing.md. */
export type { RawBody } from "./answer-body.ts";
export type { MockAnswer, MockFailure, MockSchema, ReplyOptions } from "./answer-step.ts";
export { type Cassette, cassette } from "./cassette.ts";
export type {
  CassetteMatchOptions,
  CassetteMode,
  CassetteOptions,
  CassetteRedactOptions,
} from "./cassette-options.ts";
export { type Contains, contains } from "./contains.ts";
export type { MockFault } from "./faults.ts";
export type { MatchRules, TextMatch } from "./match-rules.ts";
export type { MockCall, MockOutcome } from "./mock-call.ts";
export type { MockExpectation, MockStep } from "./mock-expectation.ts";
export type { MockTransportOptions } from "./mock-options.ts";
export type * from "./mock-paths.ts";
export { type ExpectationOptions, type MockTransport, mockTransport } from "./mock-transport.ts";
export { inPieces, type MockEvent, ndjson, type Pieces, type PiecesOptions, sse } from "./pieces.ts";
export type { Query } from "./query.ts";
export type { MockHeaders } from "./raw-answer.ts";
export { seededRandom } from "../core/seeded-random.ts";
export { type PendingTimer, settled, VirtualClock, type VirtualClockOptions } from "../core/virtual-clock.ts";
export { type FaultProxy, type FaultProxyOptions, faultProxy, type ProxyCounts } from "./proxy/fault-proxy.ts";
export type { ProxyConnection } from "./proxy/proxy-connection.ts";
export type { DirectionFaults, ProxyFaults } from "./proxy/proxy-faults.ts";
export type { ProxyTarget } from "./proxy/proxy-target.ts";
export type { FarWaitOptions } from "./streams/awaited.ts";
export { type FakeSockets, type FakeSocketsOptions, fakeSockets } from "./streams/fake-sockets.ts";
export type { FarEnd, FarMessage, FarSocket, FarState } from "./streams/far-socket.ts";
export type { FarAcceptOptions } from "./streams/handshake-answer.ts";
export type { AsymmetricMatcher, ExpectedMessage } from "./streams/expected-message.ts";
export { type Script, type ScriptedMessage, type ScriptStep, script } from "./streams/script.ts";
export { type ScriptedServer, type ScriptedServerOptions, scriptedServer } from "./streams/scripted-server.ts";
export type { UpgradeRequest } from "./streams/upgrade-request.ts";
