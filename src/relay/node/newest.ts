import type { Connection, Libp2p } from '@libp2p/interface'
import { PING_PROTOCOL } from '@libp2p/ping'
import { byteStream } from '@libp2p/utils'
import { randomBytes } from 'node:crypto'

/** A peer that has just shaken hands answers within a round trip; a slow phone takes some seconds, ms. */
const ANSWER_MS = 10_000
/** Time for an old connection to end in order, ms; a dead one never does. */
const CLOSE_MS = 1_000
/** Bytes of a ping (libp2p's ping protocol). */
const PING_BYTES = 32

/**
 * The connections of one peer, newest first.
 *
 * A tab that froze or a laptop that slept leaves a socket that looks open for minutes, and the page that
 * came back has a new one. libp2p's circuit server takes the first connection of an id, the dead one.
 */
export const newestFirst = (connections: readonly Connection[]): Connection[] =>
  [...connections].sort((a, b) => b.timeline.open - a.timeline.open)

/**
 * Keeps one incoming connection per peer: when another comes and answers, older ones are closed. One that
 * does not answer is closed itself, so that a half-made connection cannot push out a good one. Connections
 * that we opened are left alone: between relays both sides may dial, and each would close the other's.
 *
 * @returns stops it
 */
export function keepNewest(node: Libp2p): () => void {
  const stop = new AbortController()
  const onOpen = (event: CustomEvent<Connection>): void => {
    const newest = event.detail
    const older = (): Connection[] =>
      node
        .getConnections(newest.remotePeer)
        .filter((one) => one.id !== newest.id && one.direction === 'inbound')
        .filter((one) => one.timeline.open <= newest.timeline.open)
    if (newest.direction !== 'inbound' || older().length === 0) return
    // Cannot reject: `answers` and `end` catch.
    void (async () => {
      if (await answers(newest, stop.signal)) await Promise.all(older().map((one) => end(one)))
      else if (!stop.signal.aborted) await end(newest)
    })()
  }
  node.addEventListener('connection:open', onOpen)
  return () => {
    stop.abort()
    node.removeEventListener('connection:open', onOpen)
  }
}

/** Whether the other side answers a ping over this very connection. */
async function answers(connection: Connection, stop: AbortSignal): Promise<boolean> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(ANSWER_MS)])
  try {
    const stream = await connection.newStream(PING_PROTOCOL, { signal, runOnLimitedConnection: true })
    const bytes = byteStream(stream)
    const sent = randomBytes(PING_BYTES)
    const [, answer] = await Promise.all([
      bytes.write(sent, { signal }),
      bytes.read({ bytes: PING_BYTES, signal }),
    ])
    await stream.close({ signal })
    return sent.equals(answer.subarray())
  } catch {
    return false
  }
}

async function end(connection: Connection): Promise<void> {
  try {
    await connection.close({ signal: AbortSignal.timeout(CLOSE_MS) })
  } catch (error) {
    connection.abort(error instanceof Error ? error : new Error('replaced by a newer connection'))
  }
}
