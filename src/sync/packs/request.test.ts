import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { describeWithFixtures } from '../../core/testing/fixtures.ts'
import { formatTid } from '../../core/tid.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import { MAX_REQUEST_BYTES, type HeadName, type PullAsk, type PushAsk } from './model.ts'
import { type PackRequest, readRequest, writeRequest } from './request.ts'
import { PackWireError } from './wire-errors.ts'

const did = fc.stringMatching(/^[a-z2-7]{24}$/).map((it) => `did:plc:${it}`)
const id = fc.oneof(
  did,
  fc.tuple(did, did).map(([space, author]) => `at://${space}/space/app.test.group/main/${author}`),
)
const micros = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const head: fc.Arbitrary<HeadName> = fc.tuple(micros, fc.string()).map(([at, seed]) => ({
  rev: formatTid(at, 7),
  commit: cidString(CODEC_DAG_CBOR, sha256(utf8(seed))),
}))
const optional = <T, K extends string>(key: K, value: fc.Arbitrary<T>): fc.Arbitrary<{ [P in K]?: T }> =>
  // A computed key is of type string to the compiler.
  fc.record({ [key]: value }, { requiredKeys: [] }) as fc.Arbitrary<{ [P in K]?: T }>
const flat = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,8}$/),
  fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.maxSafeInteger().map((it) => it + 0),
    fc.boolean(),
    fc.constant(null),
  ),
  { noNullPrototype: true },
)
const ask: fc.Arbitrary<PullAsk> = fc
  .tuple(
    id,
    fc.option(head, { nil: undefined }),
    fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER }),
    optional('bootstrapState', flat),
    optional('verifiedRoot', fc.stringMatching(/^[0-9a-f]{64}$/)),
  )
  .map(([it, held, cursor, ...rest]) => ({ id: it, held, cursor, ...rest[0], ...rest[1] }))
const name = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme-ascii' })
const push = (clientId: string): fc.Arbitrary<PushAsk> =>
  fc.record({
    clientId: fc.constant(clientId),
    clientCommitId: name,
    operations: fc.array(
      fc.record({
        table: fc.constantFrom('app.bsky.feed.post', 'com.atproto.sync.commit'),
        rowId: name,
        op: fc.constantFrom('upsert' as const, 'delete' as const),
        payload: fc.option(flat),
      }),
      { minLength: 1, maxLength: 5 },
    ),
  })
const request: fc.Arbitrary<PackRequest> = fc.oneof(
  fc.record({
    type: fc.constant('chunk' as const),
    id: name,
    scopes: id.map((repo) => ({ repo })),
  }),
  name
    .chain((clientId) =>
      fc.record({
        type: fc.constant('sync' as const),
        clientId: fc.constant(clientId),
        push: fc.option(
          fc.uniqueArray(push(clientId), { minLength: 1, maxLength: 3, selector: (it) => it.clientCommitId }),
          { nil: undefined },
        ),
        pull: fc.option(fc.uniqueArray(ask, { maxLength: 5, selector: (it) => it.id }), { nil: undefined }),
      }),
    )
    .filter((it) => it.push !== undefined || it.pull !== undefined),
)

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const reasonOf = (json: unknown): string => {
  try {
    readRequest(typeof json === 'string' ? utf8(json) : utf8(JSON.stringify(json)))
  } catch (error) {
    if (!(error instanceof PackWireError)) throw error
    return [error.code, error.fields['reason'] ?? error.fields['what']].filter(Boolean).join(' ')
  }
  return 'ok'
}

const ALICE = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const subscription = { id: ALICE, table: '*', scopes: { repo: ALICE }, cursor: -1 }
const pullOf = (...subscriptions: unknown[]) => ({
  clientId: 'c',
  pull: { schemaVersion: 1, limitCommits: 1, subscriptions },
})
const operation = { table: 'app.bsky.feed.post', row_id: 'a', op: 'upsert', payload: {} }
const pushOf = (operations: unknown[], more: object = {}) => ({
  clientId: 'c',
  push: { commits: [{ clientCommitId: 'x', schemaVersion: 1, operations, ...more }] },
})

describe('a request', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(request, (it) => {
        expect(plain(readRequest(writeRequest(it)))).toEqual(plain(it))
      }),
    )
  })

  it('that was changed on its way is refused in words of its own, or is another request', () => {
    fc.assert(
      fc.property(request, fc.nat(), fc.nat({ max: 255 }), fc.boolean(), (it, at, byte, cut) => {
        const bytes = writeRequest(it)
        const mutated = cut ? bytes.subarray(0, at % bytes.length) : bytes
        if (!cut) mutated[at % bytes.length] = byte
        try {
          readRequest(mutated)
        } catch (error) {
          expect(error).toBeInstanceOf(PackWireError)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('that is anything else is refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(utf8)), (bytes) => {
        expect(() => readRequest(bytes)).toThrow(PackWireError)
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['ok', pullOf(subscription)],
    ['ok', pullOf({ ...subscription, scopes: { repo: [ALICE] }, params: {}, bootstrapState: null })],
    ['ok', pullOf()],
    ['sync.invalid-request request: empty', { clientId: 'c' }],
    ['sync.invalid-request clientId', { ...pullOf(subscription), clientId: '' }],
    ['sync.invalid-request more', { ...pullOf(subscription), more: 1 }],
    ['sync.invalid-request pull.subscriptions: twice', pullOf(subscription, subscription)],
    [
      'sync.invalid-request pull.subscriptions.0: scopes',
      pullOf({ ...subscription, scopes: { repo: 'did:plc:b' } }),
    ],
    [
      'sync.invalid-request pull.subscriptions.0.table',
      pullOf({ ...subscription, table: 'app.bsky.feed.post' }),
    ],
    ['sync.invalid-request pull.subscriptions.0.cursor', pullOf({ ...subscription, cursor: -2 })],
    ['sync.invalid-request pull.subscriptions.0.cursor', pullOf({ ...subscription, cursor: 1.5 })],
    ['sync.invalid-request pull.subscriptions.0.params', pullOf({ ...subscription, params: { rev: '3l' } })],
    ['sync.invalid-request pull.subscriptions.0.id', pullOf({ ...subscription, id: 'alice' })],
    [
      'sync.invalid-request pull.limitCommits',
      { clientId: 'c', pull: { schemaVersion: 1, limitCommits: 1001, subscriptions: [] } },
    ],
    [
      'sync.invalid-request pull.schemaVersion',
      { clientId: 'c', pull: { schemaVersion: 0, limitCommits: 1, subscriptions: [] } },
    ],
    ['sync.limit-exceeded subscriptions', pullOf(...Array.from({ length: 201 }, () => subscription))],
    ['sync.too-many-operations', pushOf(Array.from({ length: 202 }, () => operation))],
    ['sync.invalid-request push.commits.0.operations', pushOf([])],
    ['sync.invalid-request push.commits.0.operations.0.op', pushOf([{ ...operation, op: 'drop' }])],
    ['ok', pushOf(Array.from({ length: 201 }, () => operation))],
    ['sync.invalid-request depth', '['.repeat(100)],
    ['sync.invalid-request json', '{'],
    ['sync.invalid-request chunk.id', { chunk: { id: '', scopes: {} } }],
    [
      'sync.invalid-request chunk.scopes',
      { chunk: { id: 'a', scopes: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, ''])) } },
    ],
  ])('%s', (reason, json) => {
    expect(reasonOf(json)).toBe(reason)
  })

  it('longer than any is not parsed', () => {
    expect(() => readRequest(new Uint8Array(MAX_REQUEST_BYTES + 1))).toThrow(
      expect.objectContaining({ code: 'sync.limit-exceeded' }),
    )
  })

  it('of a later schema is looked at no further', () => {
    const later = { clientId: 'c', pull: { schemaVersion: 3, everything: 'else' } }
    expect(readRequest(utf8(JSON.stringify(later)))).toEqual({ type: 'ahead', schemaVersion: 3 })
    const pushed = pushOf([{ new: true }], { schemaVersion: 2 })
    expect(readRequest(utf8(JSON.stringify(pushed)))).toEqual({ type: 'ahead', schemaVersion: 2 })
  })
})

describeWithFixtures('the format’s own request', (dir) => {
  it('is of a later schema than ours, and told so', async () => {
    const { readFile } = await import('node:fs/promises')
    const text = await readFile(`${dir}/sync-pack/json-combined-sync-v1.json`, 'utf8')
    const { request: own } = JSON.parse(text) as { request: unknown }
    expect(readRequest(utf8(JSON.stringify(own)))).toMatchObject({ type: 'ahead' })
  })
})
