import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { generateRepo } from '../../repo/testing/generate.ts'
import { importCar, sha256 } from '../../storage/testing/node-host.ts'
import { contents, wanted } from '../testing/sync-kit.ts'
import { headOf } from '../kept.ts'
import { CID_BYTES, cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { varintLength, writeVarint } from '../../core/varint.ts'
import { readBare } from './bare.ts'
import { blocksIn, type FragmentBlock, readFragment } from './fragment.ts'
import { PAGES_PROTOCOL } from './protocol.ts'
import { pullDifference } from './pull-difference.ts'
import { pullPages } from './pull-pages.ts'
import { changeBlocks, type Honest, type Lie, lying } from './testing/liar.ts'
import { withNodes } from './testing/pages-kit.ts'

const none = new Uint8Array()

/** Leaves everything but pages as it is. */
const onPage =
  (
    change: (
      bytes: Uint8Array,
      head: Record<string, unknown>,
    ) => { head?: Record<string, unknown>; bytes?: Uint8Array },
  ): Lie =>
  ({ request, head, bytes }) =>
    request.type === 'page' ? { head, bytes, ...change(bytes ?? none, head) } : { head, bytes }

/** Changes the blocks of each page. */
const onBlocks = (
  change: (blocks: readonly FragmentBlock[]) => readonly FragmentBlock[],
  more: Record<string, unknown> = {},
): Lie =>
  onPage((bytes, head) => ({ bytes: changeBlocks({ head, bytes }, change), head: { ...head, ...more } }))

const another = generateRepo({ seed: 'another', records: 40 })

const lies: readonly (readonly [string, string, Lie])[] = [
  [
    'flips a byte of a record',
    'repo.bad-hash',
    onPage((bytes) => ({ bytes: bytes.with(bytes.length - 3, (bytes.at(-3) ?? 0) ^ 1) })),
  ],
  ['leaves a record out', 'repo.record-missing', onBlocks((blocks) => blocks.toSpliced(-3, 1))],
  ['leaves a node out', 'repo.node-missing', onBlocks((blocks) => blocks.toSpliced(1, 1))],
  ['puts a block in', 'repo.record-missing', onBlocks((blocks) => blocks.toSpliced(-1, 0, rubbish()))],
  ['adds blocks at the end', 'repo.car-frame', onBlocks((blocks) => [...blocks, rubbish()])],
  [
    'has a length that is too large by one',
    'repo.car-truncated',
    onPage((bytes, head) => ({ bytes: lastLonger(bytes, head['bare'] === true) })),
  ],
  ['adds a byte', 'repo.car-frame', onPage((bytes) => ({ bytes: Uint8Array.of(...bytes, 0) }))],
  ['sends nothing', 'repo.no-root', onPage(() => ({ bytes: none }))],
  [
    'sends the first blocks of each page only',
    'repo.car-truncated',
    onBlocks((blocks) => blocks.slice(0, 2)),
  ],
  ['cuts a page amid a block', 'repo.car-truncated', onPage((bytes) => ({ bytes: bytes.subarray(0, -5) }))],
  ['says that a page is the last', 'net.malformed', onBlocks((blocks) => blocks.slice(0, -1), { end: true })],
  [
    'says that there is always more',
    'net.malformed',
    onPage((_, head) => ({ head: { ...head, end: false } })),
  ],
  [
    'names another last path',
    'net.malformed',
    onPage((_, head) => ({ head: { ...head, last: 'app.bsky.feed.post/zzzz' } })),
  ],
  [
    'sends another tree under the root',
    'repo.node-missing',
    onBlocks(() => another.blocks('preorder').map(asBlock)),
  ],
  ['sends a page of 4 MB', 'net.too-large', onPage(() => ({ bytes: new Uint8Array(4 << 20) }))],
  [
    'calls a page compressed that is not',
    'net.malformed',
    onPage((_, head) => ({ head: { ...head, deflate: true } })),
  ],
  [
    'cuts a compressed page',
    'net.malformed',
    onPage((bytes, head) => ({
      head: { ...head, deflate: true },
      bytes: deflateRawSync(bytes).subarray(0, -2),
    })),
  ],
  [
    'sends a few kilobytes that are a page of 4 MB',
    'net.malformed',
    onPage((_, head) => ({
      head: { ...head, deflate: true },
      bytes: deflateRawSync(new Uint8Array(4 << 20)),
    })),
  ],
  ['sends a head that is no map', 'net.malformed', onPage(() => ({ head: [] as never }))],
  [
    'refuses for a reason of its own',
    'net.refused',
    ({ request, head, bytes }) =>
      request.type === 'page' ? { head: { refused: 'full-moon' }, bytes: undefined } : { head, bytes },
  ],
  [
    'ends without a word',
    'net.malformed',
    ({ request, head, bytes }) => (request.type === 'page' ? undefined : { head, bytes }),
  ],
  [
    'says that it has another commit',
    'repo.no-root',
    ({ request, head, bytes }) =>
      request.type === 'blocks'
        ? { head: { ...head, root: cidString(CODEC_DAG_CBOR, another.commit.subarray(4)) }, bytes }
        : { head, bytes },
  ],
  [
    'begins with the commit of another account',
    'repo.no-root',
    ({ request, head, bytes }) =>
      request.type === 'blocks'
        ? {
            head,
            bytes: changeBlocks({ head, bytes }, () => another.blocks('preorder').slice(0, 2).map(asBlock)),
          }
        : { head, bytes },
  ],
  [
    'hands over a log that proves nothing',
    'net.malformed',
    ({ request, head, bytes }) =>
      request.type === 'identity'
        ? { head, bytes: new TextEncoder().encode('{"document":{},"plcLog":[]}') }
        : { head, bytes },
  ],
]

/** What has no CIDs is told apart by its hashes, or by what the tree would go on with. */
const bareCodes: Readonly<Record<string, string>> = {
  'sends another block': 'repo.bad-hash',
  'begins with the commit of another account': 'repo.bad-hash',
  'sends another tree under the root': 'repo.bad-hash',
  'leaves a node out': 'repo.bad-hash',
  'puts a block in': 'repo.bad-hash',
  // The page is one, with fewer records than its head says.
  'leaves a record out': 'net.malformed',
}

function rubbish() {
  const bytes = Uint8Array.of(0xa1, 0x61, 0x61, 0x01)
  return { digest: sha256(bytes), bytes }
}

/** The last block says that it is a byte longer than it is. */
function lastLonger(bytes: Uint8Array, bare: boolean): Uint8Array {
  const last = (bare ? blocksIn(readBare(bytes)) : readFragment(bytes, undefined)).at(-1)
  const length = (bare ? 0 : CID_BYTES) + (last?.bytes.length ?? 0)
  const at = bytes.length - length - varintLength(length)
  const head = new Uint8Array(varintLength(length + 1))
  writeVarint(head, 0, length + 1)
  return Uint8Array.of(...bytes.subarray(0, at), ...head, ...bytes.subarray(bytes.length - length))
}

const asBlock = (it: { cid: Uint8Array; bytes: Uint8Array }): FragmentBlock => ({
  digest: it.cid.subarray(4),
  bytes: it.bytes,
})

/** Blocks without CIDs; and frames of a CAR as older nodes send them, where it is blocks that lie. */
const forms = lies.flatMap(([name, code, lie]) => [
  { name, form: 'bare', code: bareCodes[name] ?? code, lie },
  ...(code.startsWith('repo.') ? [{ name, form: 'CAR', code, lie }] : []),
])

type Change = (head: Record<string, unknown>, bytes: Uint8Array) => Pick<Honest, 'head' | 'bytes'>

const changes: readonly (readonly [string, string, Change])[] = [
  [
    'lacks a block of the difference',
    'repo.record-missing',
    (head, bytes) => ({ head: { ...head, missing: [0] }, bytes }),
  ],
  [
    'leaves the last block of an answer out',
    'net.malformed',
    (head, bytes) => ({ head, bytes: changeBlocks({ head, bytes }, (blocks) => blocks.slice(0, -1)) }),
  ],
  [
    'adds a block to an answer',
    'net.malformed',
    (head, bytes) => ({ head, bytes: changeBlocks({ head, bytes }, (blocks) => [...blocks, rubbish()]) }),
  ],
  [
    'sends another block',
    'repo.record-missing',
    (head, bytes) => ({ head, bytes: changeBlocks({ head, bytes }, (blocks) => blocks.with(0, rubbish())) }),
  ],
  ['answers nothing for ever', 'net.malformed', (head) => ({ head: { ...head, answered: 0 }, bytes: none })],
]

const differences = changes.flatMap(([name, code, change]) => [
  { name, form: 'CAR', code, change },
  { name, form: 'bare', code: bareCodes[name] ?? code, change },
])

describe('a peer that', () => {
  it.each(forms)(
    '$name ($form) costs a typed error ($code) and no head; the next peer brings the repo',
    ({ form, code, lie }) =>
      withNodes(3, async ({ pds, nodes: [a, b, evil] }) => {
        if (a === undefined || b === undefined || evil === undefined) throw new Error('three nodes')
        const alice = await pds.account({ name: 'alice', records: 80 })
        await a.backUp(alice.did)
        a.serve()
        evil.net.handle(PAGES_PROTOCOL, lying(evil, a.id, lie, { old: form === 'CAR' }))
        const pull = { did: alice.did, work: b.work(), label: 'alice' }
        await expect(
          pullPages(b.host, pds.endpoints, { ...pull, sources: [evil.source(b)] }),
        ).rejects.toMatchObject({
          code,
          fields: { peer: evil.id },
        })
        expect(await headOf(b.storage, alice.did)).toBeUndefined()
        const { snapshot, from } = await pullPages(b.host, pds.endpoints, {
          ...pull,
          sources: [evil.source(b), a.source(b)],
        })
        if (snapshot === undefined) throw new Error('nothing kept')
        expect(from).toBe(a.id)
        expect(await contents(b.storage, snapshot)).toEqual(wanted(alice.repo))
      }),
  )

  it('is silent is given up after a time', () =>
    withNodes(3, async ({ pds, nodes: [a, b, evil] }) => {
      if (a === undefined || b === undefined || evil === undefined) throw new Error('three nodes')
      const alice = await pds.account({ name: 'alice', records: 80 })
      await a.backUp(alice.did)
      a.serve()
      const lie: Lie = ({ request, head, bytes }) => {
        if (request.type !== 'page') return { head, bytes }
        b.timers.expire(30_000)
        return 'silent'
      }
      evil.net.handle(PAGES_PROTOCOL, lying(evil, a.id, lie))
      const work = b.work()
      await expect(
        pullPages(b.host, pds.endpoints, { did: alice.did, work, label: '', sources: [evil.source(b)] }),
      ).rejects.toMatchObject({ code: 'net.timeout', fields: { peer: evil.id, ms: 30_000 } })
      expect(work.waits.map((it) => (it.error as { code?: string }).code)).toEqual([
        'net.timeout',
        'net.timeout',
      ])
    }))

  it('has a repo that the account did not sign moves no head', () =>
    withNodes(2, async ({ pds, nodes: [evil, b] }) => {
      if (evil === undefined || b === undefined) throw new Error('two nodes')
      const alice = await pds.account({ name: 'alice', records: 80 })
      const forged = generateRepo({ seed: 'forged', records: 30 })
      const { signRepo } = await import('../../repo/testing/repo.ts')
      const repo = signRepo({ ...forged, did: alice.did })
      await importCar(evil.storage, alice.did, repo.car())
      evil.serve()
      const pull = { did: alice.did, work: b.work(), label: '', sources: [evil.source(b)] }
      await expect(pullPages(b.host, pds.endpoints, pull)).rejects.toMatchObject({
        code: 'repo.bad-signature',
        fields: { peer: evil.id },
      })
      expect(await headOf(b.storage, alice.did)).toBeUndefined()
      await b.backUp(alice.did)
      await expect(pullDifference(b.host, pds.endpoints, pull)).rejects.toMatchObject({
        code: 'repo.bad-signature',
      })
      expect((await headOf(b.storage, alice.did))?.rev).toBe(alice.repo.rev)
    }))

  it.each(differences)('$name ($form) costs a typed error ($code) and no head', ({ form, code, change }) =>
    withNodes(3, async ({ pds, nodes: [a, b, evil] }) => {
      if (a === undefined || b === undefined || evil === undefined) throw new Error('three nodes')
      const alice = await pds.account({ name: 'alice', records: 120 })
      const { snapshot } = await b.backUp(alice.did)
      alice.commit({ create: 6, update: 6, delete: 3 })
      await a.backUp(alice.did)
      a.serve()
      const lie: Lie = ({ request, head, bytes }) => {
        const records =
          request.type === 'blocks' && request.wants.length > 0 && request.wants[0]?.layer === undefined
        return records ? change(head, bytes ?? none) : { head, bytes }
      }
      evil.net.handle(PAGES_PROTOCOL, lying(evil, a.id, lie, { old: form === 'CAR' }))
      const pull = { did: alice.did, work: b.work(), label: '' }
      await expect(
        pullDifference(b.host, pds.endpoints, { ...pull, sources: [evil.source(b)] }),
      ).rejects.toMatchObject({
        code,
        fields: { peer: evil.id },
      })
      expect((await headOf(b.storage, alice.did))?.id).toBe(snapshot?.id)
      const next = await pullDifference(b.host, pds.endpoints, {
        ...pull,
        sources: [evil.source(b), a.source(b)],
      })
      expect(next.snapshot?.rev).toBe(alice.repo.rev)
    }),
  )
})
