export { bodyBytes, type EncodedBody, emptyBody } from './body.ts'
export { inlineBody } from './body-receiver.ts'
export { Codec } from './codec/codec.ts'
export {
  type AnyFunction,
  type CodecHooks,
  type DescribedFunction,
  type DescribedHandle,
  type FunctionShell,
  type FunctionUse,
  noHooks,
  type RefusedHandle,
  type RevivedFunction,
} from './codec/hooks.ts'
export { type Duration, describe, durationMs } from './duration.ts'
export {
  AbortError,
  AuthenticationError,
  type Blame,
  ChannelClosedError,
  DialbackError,
  describeExit,
  FutureSetError,
  JournalError,
  type JournalProblem,
  LaunchError,
  type LaunchFailure,
  type PodIdentity,
  ProtocolError,
  RemoteError,
  SerializationError,
  ThreadReplacedError,
  type TimelineEntry,
  VersionMismatchError,
  type WorkerExit,
  WorkerTerminatedError,
} from './errors.ts'
export {
  type Abort,
  decodeHello,
  decodeWelcome,
  encodeHandshake,
  type Hello,
  isSame,
  judgeHello,
  type PodFacts,
  proofOf,
  protocolVersion,
  type Welcome,
} from './handshake.ts'
export { Heartbeat, type HeartbeatOptions } from './heartbeat.ts'
export { limits } from './limits.ts'
export { Link, type LinkEvents } from './link.ts'
export { idsPerRange, Mailbox, type MailboxEvents, type MailboxOptions, rangeOf } from './mailbox.ts'
export { memoryTransportPair } from './memory-transport.ts'
export type {
  BodyFacts,
  Call,
  Claim,
  Define,
  Header,
  Letter,
  Message,
  Result,
  SharedSlot,
} from './message.ts'
export { monotonicMs } from './monotonic-ms.ts'
export { type Opening, prepareOpening } from './opening.ts'
export { decodePacket, encodePacket, type Frame, type Packet } from './packet.ts'
export { holdsOneChunk } from './packet-memory.ts'
export { parseHeader } from './parse-message.ts'
export { SharedMemory, SharedMemoryReader, type SharedProbe } from './shared-memory.ts'
export { textOfValue } from './text-of-value.ts'
export type { Transport, TransportEvents } from './transport.ts'
export { tunnelLimits } from './tunnel/frame.ts'
export {
  decodeRelayMessage,
  encodeRelayMessage,
  type Probe,
  type ProbeResult,
  type RelayMessage,
} from './tunnel/relay-message.ts'
export { proveAsManager, proveAsRelay } from './tunnel/tunnel-handshake.ts'
export { TunnelMux, type TunnelMuxOptions } from './tunnel/tunnel-mux.ts'
export type { Close, Fetch, Inspect, Put, Received, Take } from './value-message.ts'
export { WebSocketTransport, webSocketClientOptions, webSocketServerOptions } from './websocket-transport.ts'
