import type { ConnectionManagerInit } from 'libp2p'
import { sparingYamux } from './yamux.ts'

/** Bytes that one stream may have on their way to a reader that does not read: 1 MiB. See `stream.ts`. */
export const MAX_WINDOW = 1024 * 1024
/** The window that a stream begins with; the format's own, and the least it allows. */
const FIRST_WINDOW = 256 * 1024
/** What libp2p holds of a paused stream before it resets it. Must stay above {@link MAX_WINDOW}. */
const READ_BUFFER = 4 * 1024 * 1024

/** yamux whose windows stay below what a paused stream may hold, so that a slow reader is never reset. */
export const flowControlledYamux = (): ReturnType<typeof sparingYamux> =>
  sparingYamux({
    // The library breaks a connection off on which more than ten come before this side has taken it in.
    maxEarlyStreams: MAX_STREAMS,
    streamOptions: {
      initialStreamWindowSize: FIRST_WINDOW,
      maxStreamWindowSize: MAX_WINDOW,
      maxReadBufferLength: READ_BUFFER,
    },
  })

/**
 * Its pings wait behind bulk data, and a ping that comes too late would end the transfer that delays it. What
 * is really gone is found by the reservation supervisor and by each protocol's own idle limit.
 */
export const CONNECTION_MONITOR = { enabled: false } as const

/** Streams of one protocol over one connection, each way. */
export const MAX_STREAMS = 256

/**
 * Limits of connections. All circuits of a relay come from its one address, and all visitors of a reverse
 * proxy too: the rate per address cannot be the 5 a second that libp2p assumes. Reconnecting is left to the
 * reservation supervisor, which also renews the reservation.
 */
export const connectionLimits = (maxConnections: number): ConnectionManagerInit => ({
  maxConnections,
  maxIncomingPendingConnections: 64,
  inboundConnectionThreshold: 128,
  reconnectRetries: 0,
  addressDialTimeout: 6_000,
})
