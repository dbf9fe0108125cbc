import type { ByteStream, Net, StreamHandler } from '../../../net/net.ts'
import { concat, utf8 } from '../../../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR } from '../../../core/cid.ts'
import { readVarint, varintLength } from '../../../core/varint.ts'
import { decodeMessage } from '../../../net/messages.ts'
import { createMemoryNetwork } from '../../../net/testing/memory-net.ts'
import type { Storage, WriteOp } from '../../../storage/port.ts'
import { snapshotKey } from '../../../storage/rows.ts'
import { sha256, withLevel } from '../../../storage/testing/node-host.ts'
import { createTestTimers, type TestTimers } from '../../testing/timers.ts'
import { compareHeads, type CompareOptions, type Expected } from '../client.ts'
import type { HeadWord } from '../digest.ts'
import { DIGESTS_PROTOCOL, type Request, requestShape } from '../protocol.ts'
import { serveDigests, type ServeDigestsOptions } from '../serve.ts'

/** What went over the streams that a node opened, as it saw it. */
export interface Wire {
  readonly net: Net
  /** bytes that were written, and read */
  readonly sent: () => number
  readonly came: () => number
  /** messages that were written, and read, of one protocol */
  readonly asked: (protocol: string) => Uint8Array[]
  readonly answered: (protocol: string) => Uint8Array[]
  readonly forget: () => void
}

/** A node that keeps what goes over the streams that it opens. */
export function watched(net: Net): Wire {
  const streams: { readonly protocol: string; readonly sent: Uint8Array[]; readonly came: Uint8Array[] }[] =
    []
  const bytesOf = (way: 'sent' | 'came'): number => concat(streams.flatMap((it) => it[way])).length
  const messages = (way: 'sent' | 'came', protocol: string): Uint8Array[] =>
    streams.filter((it) => it.protocol === protocol).flatMap((it) => framesOf(concat(it[way])))
  return {
    net: {
      ...net,
      async open(peer, protocol, options) {
        const stream = await net.open(peer, protocol, options)
        const log = { protocol, sent: [] as Uint8Array[], came: [] as Uint8Array[] }
        streams.push(log)
        return {
          ...stream,
          async read() {
            const bytes = await stream.read()
            if (bytes !== undefined) log.came.push(bytes.slice())
            return bytes
          },
          async write(bytes) {
            log.sent.push(bytes.slice())
            return stream.write(bytes)
          },
        } satisfies ByteStream
      },
    },
    sent: () => bytesOf('sent'),
    came: () => bytesOf('came'),
    asked: (protocol) => messages('sent', protocol),
    answered: (protocol) => messages('came', protocol),
    forget: () => void streams.splice(0),
  }
}

function framesOf(bytes: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const length = readVarint(bytes, at, bytes.length)
    const from = at + varintLength(length)
    at = from + length
    out.push(bytes.subarray(from, at))
  }
  return out
}

export const cidOf = (text: string): string => cidString(CODEC_DAG_CBOR, sha256(utf8(text)))

/** What says that a repo is kept, and nothing that it would consist of. */
export const rowsOf = (did: string, rev: string | undefined, id = 'a'): WriteOp[] => [
  { type: 'put', table: 'repos', key: did, value: { did, head: id } },
  {
    type: 'put',
    table: 'snapshots',
    key: snapshotKey(did, id),
    value: { id, did, rev, commitCid: cidOf(`${did}${rev}`), root: { records: 1, bytes: 1 } },
  },
]

export interface PairKit {
  readonly asker: Net
  readonly peer: string
  readonly storage: Storage
  readonly timers: TestTimers
  readonly sent: () => number
  readonly came: () => number
  /** what was asked, and how long each answer was */
  readonly requests: () => readonly Request[]
  readonly answers: () => readonly number[]
  /** heads that were read for it */
  readonly reads: () => number
  readonly stopServing: () => void
  compare(expected: Expected, options?: Partial<CompareOptions>): ReturnType<typeof compareHeads>
}

type Serving = (count: (heads: number) => void) => Partial<ServeDigestsOptions>

/** Serves these heads, whatever is asked; as a group of this name where there is one. */
export const holding =
  (heads: ReadonlyMap<string, HeadWord>, group?: string): Serving =>
  (count) => ({
    headsOf: async (ids) => {
      count(ids.length)
      return ids.map((id) => heads.get(id))
    },
    membersOf: async (name) => (name === group ? [...heads.keys()] : undefined),
  })

/** Two nodes, one of which is asked; a `handler` in place of the real one for liars. */
export async function withPair(
  serving: Serving,
  use: (kit: PairKit) => Promise<void>,
  handler?: StreamHandler,
): Promise<void> {
  await withLevel(async (storage) => {
    const timers = createTestTimers()
    const network = createMemoryNetwork()
    const wire = watched(network.node('asker'))
    let reads = 0
    const options = serving((heads) => void (reads += heads))
    const served = handler ?? serveDigests({ storage, timers, sha256, ...options })
    const stopServing = network.node('there').handle(DIGESTS_PROTOCOL, served)
    await use({
      ...{ asker: wire.net, peer: 'there', storage, timers, stopServing },
      ...{ sent: wire.sent, came: wire.came },
      requests: () =>
        wire.asked(DIGESTS_PROTOCOL).map((frame) => decodeMessage(frame, requestShape, 'asker')),
      answers: () => wire.answered(DIGESTS_PROTOCOL).map((frame) => frame.length),
      reads: () => reads,
      compare: (expected, more = {}) =>
        compareHeads(wire.net, 'there', expected, { timers, sha256, ...more }),
    })
  })
}
