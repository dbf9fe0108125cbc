import { RELAY_V2_HOP_CODEC } from '@libp2p/circuit-relay-v2'
import { encodeMessage } from '../../net/messages.ts'
import { utf8 } from '../../core/bytes.ts'
import { writeVarint, varintLength } from '../../core/varint.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { COMMIT_TABLE } from '../../sync/packs/model.ts'
import type { Prng } from '../../repo/testing/prng.ts'
import { mutateBytes, mutateValue } from './mutations.ts'

/** Messages of one protocol as a stream would carry them, one of them perhaps wrong. */
export interface Sample {
  readonly protocol: string
  /** Messages in order; `wrong` is what becomes of them. */
  bytes(prng: Prng, wrong: 'value' | 'bytes' | 'noise'): Uint8Array
}

const framed = (body: Uint8Array): Uint8Array => {
  const head = new Uint8Array(varintLength(body.length))
  writeVarint(head, 0, body.length)
  return Buffer.concat([head, body])
}
const lengthFramed = (body: Uint8Array): Uint8Array => {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  return Buffer.concat([head, body])
}
const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value))

function sample(
  protocol: string,
  messages: readonly unknown[],
  encode: (value: unknown) => Uint8Array = encodeMessage,
  frame: (body: Uint8Array) => Uint8Array = framed,
): Sample {
  return {
    protocol,
    bytes(prng, wrong) {
      const at = prng.int(messages.length)
      const parts = messages.map((message, i) => {
        const body = encode(i === at && wrong === 'value' ? mutateValue(prng, message) : message)
        return frame(i === at && wrong === 'bytes' ? mutateBytes(prng, body) : body)
      })
      const all = Buffer.concat(parts)
      if (wrong === 'noise') return prng.chance(0.5) ? mutateBytes(prng, all) : prng.bytes(prng.int(4000))
      return all
    },
  }
}

/** Every protocol that a relay with a store speaks, and what it would be asked for the repo that is kept. */
export function samplesOf({ did, commit, rev }: { did: string; commit: string; rev: string }): Sample[] {
  const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7)
  const space = 'at://did:plc:cgy5pzyx5ouyeay6l4e3zcjg/space/app.cairn.space/home'
  const path = 'app.bsky.feed.post/3k2aaaaaaaaaa'
  const pull = (held: object): unknown => ({
    clientId: 'fuzz',
    pull: {
      schemaVersion: 1,
      limitCommits: 1000,
      subscriptions: [{ id: did, table: '*', scopes: { repo: did }, cursor: 0, params: held }],
    },
  })
  const push = {
    clientId: 'fuzz',
    push: {
      commits: [
        {
          clientCommitId: commit,
          schemaVersion: 1,
          operations: [
            {
              table: 'app.bsky.feed.post',
              row_id: '3k2aaaaaaaaaa',
              op: 'upsert',
              payload: { bytesHex: 'a0' },
            },
            {
              table: COMMIT_TABLE,
              row_id: rev,
              op: 'upsert',
              payload: { bytesHex: 'a0', repo: did, base: { rev, commit } },
            },
          ],
        },
      ],
    },
  }
  const raw = (length: number): unknown => bytes(length)
  // The encoders of others are not ours to write: their bytes are turned.
  const asBytes = (value: unknown): Uint8Array => (value instanceof Uint8Array ? value : json(value))
  return [
    sample('/cairn/directory/1.0.0', [
      { type: 'ping', id: 1 },
      { type: 'lookup', id: 2, topic: bytes(32), limit: 20 },
      { type: 'watch', id: 3, topic: bytes(32) },
      { type: 'announce', id: 4, topic: bytes(32), record: bytes(200), ttl: 60_000 },
      { type: 'find', id: 5, peer: '12D3KooWGzBVzDmTkqkCvGpwWvkbzpnsJLnqPFjLQBQkTX5nGzfS' },
      { type: 'unwatch', id: 6, watch: 3 },
      { type: 'unannounce', id: 7, topic: bytes(32) },
    ]),
    sample('/cairn/store/1.0.0', [
      { type: 'status', dids: [did] },
      { type: 'keep', did, relays: ['/ip4/10.0.0.1/tcp/80/ws'], rev, token: 'x' },
      { type: 'drop', did },
    ]),
    sample('/p2pds/repo-sync/1.0.0', [{ did, since: rev }], encodeDagCbor, (body) => body),
    sample('/cairn/repo-pages/1.0.0', [
      { type: 'heads', dids: [did] },
      { type: 'identity', did },
      {
        type: 'page',
        did,
        root: commit,
        after: path,
        from: 'a',
        to: 'z',
        maxBytes: 4000,
        bare: true,
        deflate: true,
      },
      { type: 'page', did, known: true, maxBytes: 0 },
      { type: 'blocks', did, root: commit, wants: [{ cid: bytes(36), key: path, layer: 0 }], bare: true },
      { type: 'blob', did, cid: commit, offset: 0 },
    ]),
    sample('/cairn/repo-digests/1.0.0', [
      { type: 'list', ids: [did, space], digests: bytes(32) },
      { type: 'group', group: space, bits: 2, digests: bytes(64), from: 0 },
    ]),
    sample(
      '/cairn/pack-sync/1.0.0',
      [pull({ rev, commit }), pull({}), push, { chunk: { id: 'x', scopes: { repo: did } } }],
      json,
    ),
    sample('/cairn/challenge/1.0.0', [{ did }, { commit, nonce: bytes(32), paths: [path, 'a.b.c/1'] }]),
    sample('/cairn/space/1.0.0', [
      { type: 'hello', space, nonce: bytes(32) },
      { type: 'prove', key: 'did:key:zDnaembgSGUhZULN2Caob4HLJPaxBh92N7rtH21TErzqf8HQo', sig: bytes(64) },
      { type: 'keep', root: bytes(32), token: 'x' },
      { type: 'log', digest: bytes(32), have: bytes(64), cards: bytes(0) },
      { type: 'give', operations: [bytes(200)], cards: [bytes(100)] },
      { type: 'why', have: bytes(32), join: bytes(100) },
      { type: 'heads', bits: 1, digests: bytes(16) },
      { type: 'offer', repos: [`${space}/did:plc:cgy5pzyx5ouyeay6l4e3zcjg`] },
      { type: 'forget' },
    ]),
    sample('/cairn/space-chunks/1.0.0', [
      { type: 'has', space, ids: bytes(64) },
      { type: 'get', space, id: bytes(32) },
      { type: 'put', space, id: bytes(32), size: 4 },
    ]),
    ...['/cairn/events/1.0.0', '/cairn/space-events/1.0.0'].map((protocol) =>
      sample(
        protocol,
        [
          {
            type: '__subscribe',
            id: '',
            payload: { topic: `repo.changed:${did}`, after: { hub: 'x', seq: 1 } },
          },
          {
            type: 'repo.changed',
            id: did,
            payload: { repo: did, rev, list: { after: commit, pack: 'AAE=' } },
          },
          {
            type: 'call.request',
            id: '',
            payload: { requestId: '1', operationId: 'hub.register', input: {} },
          },
          { type: '__unsubscribe', id: '', payload: { topic: `repo.changed:${did}` } },
        ],
        json,
        lengthFramed,
      ),
    ),
    // Protobuf: a reservation, and a connection to a peer.
    sample(RELAY_V2_HOP_CODEC, [Uint8Array.of(8, 0), Uint8Array.of(8, 1, 18, 4, 10, 2, 0, 1)], asBytes),
    // A question for a node, and one for providers.
    sample(
      '/cairn/kad/1.0.0',
      [Uint8Array.of(8, 4, 18, 4, 1, 2, 3, 4), Uint8Array.of(8, 3, 18, 2, 1, 2)],
      asBytes,
    ),
    sample('/ipfs/id/1.0.0', [raw(10)], asBytes),
    sample('/ipfs/id/push/1.0.0', [Uint8Array.of(42, 3, 97, 98, 99, 10, 4, 8, 1, 18, 0)], asBytes),
    sample('/ipfs/ping/1.0.0', [raw(32)], asBytes, (body) => body),
    sample('/nobody/speaks/this/1.0.0', [raw(10)], asBytes),
  ]
}
