/** Bounds on everything that a peer could make grow. Sizes are in bytes, times in ms. */

export const limits = {
  /** A WebSocket message: one packet of joined frames. */
  maxPacketBytes: 8_388_608,
  /** All headers of a packet: with what is joined before and a body in its frame, one that is passed on stays a packet. */
  maxHeaderBytes: 6_815_744,
  /** A message of the handshake, which comes from somebody not yet known. */
  maxHelloBytes: 16_384,
  /** How long a new connection may take to say hello. */
  helloTimeoutMs: 10_000,
  /** Connections that have not said hello yet; more are turned away. */
  maxUnprovenConnections: 256,
  /** Connections of workers of other machines; Node runs out of file descriptors before. */
  maxDoorConnections: 65_536,
  /** What is joined into one packet before the next one is begun. */
  packetTargetBytes: 262_144,
  /** Bodies up to this size travel inside their message's frame. */
  inlineBodyBytes: 65_536,
  /** A larger body is cut into chunks of this size, so that other messages get in between. */
  chunkBytes: 262_144,
  /** Chunks of one body that may be under way at once, in bytes. */
  streamWindowBytes: 2_097_152,
  /** Live workers of which processes are told. */
  maxMembers: 1_000_000,
  /** A whole body. Node's largest buffer is far above; this is what one message may make a process allocate. */
  maxBodyBytes: 4_294_967_296,
  /** Out-of-band buffers of one body. */
  maxBodyParts: 65_536,
  /** Futures and channels in one body. */
  maxBodyHandles: 65_536,
  /** Unsent bytes in a socket above which nothing more is given to it. */
  socketHighWaterBytes: 1_048_576,
  /** Packets received before an acknowledgement is sent by itself. */
  ackEveryPackets: 128,
  ackEveryBytes: 1_048_576,
  ackDelayMs: 20,
  /** Bytes of one process in shared memory, and of one piece of it. */
  sharedMemoryBytes: 268_435_456,
  sharedSlotBytes: 1_048_576,
} as const
