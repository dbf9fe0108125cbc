import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { checkEach } from '../../core/hash.ts'
import { writeFrame } from '../../net/frames.ts'
import { encodeMessage } from '../../net/messages.ts'
import { find } from '../../repo/mst/read.ts'
import { blobKey } from '../../storage/rows.ts'
import { createSegmentReader } from '../../storage/segment-reader.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import { unknownBlob } from '../blob-rows.ts'
import { fetchBlobs } from '../blobs.ts'
import { headOf } from '../kept.ts'
import type { TestAccount } from '../testing/account.ts'
import { commitCid, type LocalPds } from '../testing/local-pds.ts'
import { readBare } from './bare.ts'
import { cidOfDigest } from './cids.ts'
import { openPages, type PageClient } from './client.ts'
import { blocksIn, readFragment } from './fragment.ts'
import { createPins } from './pins.ts'
import { PAGES_PROTOCOL, type Want } from './protocol.ts'
import type { SentKind, ServePagesOptions } from './serve.ts'
import { type PagesNode, withNodes } from './testing/pages-kit.ts'

const digests = checkEach(sha256)
const UNKNOWN = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
/** A commit that nobody has. */
const NO_ROOT = 'bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'

async function withServer(
  use: (kit: {
    a: PagesNode
    b: PagesNode
    pds: LocalPds
    alice: TestAccount
    client: PageClient
  }) => Promise<void>,
  options: (a: PagesNode) => Partial<ServePagesOptions> = () => ({}),
): Promise<void> {
  await withNodes(2, async ({ pds, nodes: [a, b] }) => {
    if (a === undefined || b === undefined) throw new Error('two nodes')
    const alice = await pds.account({ name: 'alice', records: 150 })
    await a.backUp(alice.did)
    a.serve(options(a))
    const client = await openPages(b.net, a.id, { timers: b.timers })
    try {
      await use({ a, b, pds, alice, client })
    } finally {
      await client.close()
    }
  })
}

describe('a node', () => {
  it('tells the heads it keeps, of those that are asked for', () =>
    withServer(async ({ a, alice, client }) => {
      const head = await headOf(a.storage, alice.did)
      expect(await client.heads([UNKNOWN, alice.did])).toEqual([
        {
          did: alice.did,
          rev: alice.repo.rev,
          commit: commitCid(alice.repo),
          records: alice.repo.records.length,
          bytes: head?.root.bytes,
        },
      ])
      // More than fit one request.
      const many = Array.from({ length: 900 }, (_, i) => `did:web:example${i}.com`)
      expect(await client.heads([...many, alice.did])).toHaveLength(1)
    }))

  it('refuses by name what it cannot answer, and the stream goes on', () =>
    withServer(async ({ alice, client }) => {
      const { did } = alice
      const refused = (reason: string) => ({ code: 'net.refused', fields: { peer: 'node-0', reason } })
      const page = { maxBytes: 1000 }
      await expect(client.page({ ...page, did: UNKNOWN })).rejects.toMatchObject(refused('not-kept'))
      await expect(client.page({ ...page, did, root: NO_ROOT })).rejects.toMatchObject(refused('root-gone'))
      await expect(client.page({ ...page, did: 'did:plc:é' })).rejects.toMatchObject(refused('bad-request'))
      await expect(client.blocks({ did, root: NO_ROOT, wants: [] })).rejects.toMatchObject(
        refused('root-gone'),
      )
      await expect(client.blob({ did, cid: NO_ROOT, offset: 0 })).rejects.toMatchObject(refused('not-kept'))
      await expect(client.page({ ...page, did, maxBytes: -1 })).rejects.toMatchObject(refused('bad-request'))
      const wants = Array.from({ length: 501 }, () => ({ cid: new Uint8Array(36) }))
      await expect(client.blocks({ did, wants })).rejects.toMatchObject(refused('bad-request'))
      expect(await client.heads([did])).toHaveLength(1)
    }))

  it('serves whom it may', () =>
    withServer(
      async ({ alice, client }) => {
        expect(await client.heads([alice.did])).toEqual([])
        const page = client.page({ did: alice.did, maxBytes: 1000 })
        await expect(page).rejects.toMatchObject({ fields: { reason: 'not-kept' } })
        expect(await client.identity(alice.did)).toBeUndefined()
      },
      () => ({ mayRead: async (peer) => peer !== 'node-1' }),
    ))

  it('tells of what leaves it, of which repo, to whom, and of what kind', async () => {
    const sent: [string, string, number, SentKind][] = []
    const bytesOf = (kind: SentKind) =>
      sent.reduce((sum, [, , bytes, what]) => sum + (what === kind ? bytes : 0), 0)
    await withServer(
      async ({ a, b, pds, alice, client }) => {
        const { did } = alice
        await client.heads([did])
        await client.identity(did)
        await client.blocks({ did, wants: [] })
        await expect(client.blob({ did, cid: NO_ROOT, offset: 0 })).rejects.toMatchObject({
          fields: { reason: 'not-kept' },
        })
        expect(sent).toEqual([])

        const page = await (await client.page({ did, maxBytes: 1 << 20 })).bytes
        const [one] = alice.repo.records
        if (one === undefined) throw new Error('no record')
        const { bytes: block } = await client.blocks({
          did,
          wants: [{ cid: one.cid.slice(), key: one.path }],
        })
        // In more pieces than one.
        const picture = new Uint8Array(400_000).fill(7)
        const cid = alice.addBlob(picture)
        const key = blobKey(did, cid)
        await a.storage.write([{ type: 'put', table: 'blobs', key, value: unknownBlob(cid) }])
        await fetchBlobs(a.host, pds.endpoints, did, a.work())
        const blob = await client.blob({ did, cid, offset: 0 })
        expect(blob.bytes).toHaveLength(picture.length)

        for (const [kind, bytes] of [
          ['repo', page.length],
          ['changes', block.length],
          ['blobs', picture.length],
        ] as const) {
          // The length before the bytes counts too.
          expect(bytesOf(kind)).toBeGreaterThan(bytes)
          expect(bytesOf(kind)).toBeLessThan(bytes + 5)
        }
        expect(sent.filter(([, , , kind]) => kind === 'blobs').length).toBeGreaterThan(1)
        expect(new Set(sent.map(([peer, repo]) => `${peer} ${repo}`))).toEqual(new Set([`${b.id} ${did}`]))
      },
      () => ({ onSent: (...told) => void sent.push(told) }),
    )
  })

  it('hands over what proves the author, and nothing that does not', () =>
    withServer(async ({ a, alice, client }) => {
      expect(await client.identity(alice.did)).toMatchObject({
        did: alice.did,
        keysFrom: 'plc-log',
        currentKey: alice.repo.didKey,
      })
      const head = await headOf(a.storage, alice.did)
      const row = await a.storage.get('identities', head?.identity ?? '')
      const value = { ...(row as object), plcLog: undefined }
      await a.storage.write([{ type: 'put', table: 'identities', key: head?.identity ?? '', value }])
      expect(await client.identity(alice.did)).toBeUndefined()
    }))

  it('finds nodes and records by their keys', () =>
    withServer(async ({ a, alice, client }) => {
      const { did, repo } = alice
      const head = await headOf(a.storage, did)
      const [one, two] = [repo.records[3], repo.records.at(-1)]
      if (head === undefined || one === undefined || two === undefined) throw new Error('no repo')
      const { path } = await find(createSegmentReader(a.storage, did), head.root, two.path)
      const wants: Want[] = [
        { cid: one.cid.slice(), key: one.path },
        // The right edge of each layer.
        ...path.map(({ node }, i) => ({ cid: cidOfDigest(sha256(node.bytes)), layer: head.root.layer - i })),
        { cid: two.cid.slice(), key: two.path },
        // Another record's path, no record's path, and a layer above the root.
        { cid: one.cid.slice(), key: two.path },
        { cid: one.cid.slice(), key: `${one.path}x` },
        { cid: repo.root.slice(), layer: head.root.layer + 1 },
      ]
      const { answered, missing, bytes } = await client.blocks({ did, wants })
      const last = wants.length - 1
      expect({ answered, missing }).toEqual({ answered: wants.length, missing: [last - 2, last - 1, last] })
      expect(readFragment(bytes, digests).map((it) => toHex(it.digest))).toEqual(
        wants.slice(0, -3).map((it) => toHex(it.cid.subarray(4))),
      )
    }))

  it('sends blocks without CIDs to whom asks for that, and says so', () =>
    withServer(async ({ alice, client }) => {
      const { did, repo } = alice
      const [one] = repo.records
      if (one === undefined) throw new Error('no record')
      const wants = [{ cid: one.cid.slice(), key: one.path }]
      for (const bare of [undefined, false]) {
        const page = await client.page({ did, maxBytes: 1 << 20, bare })
        const blocks = await client.blocks({ did, wants, bare })
        expect([page.bare, blocks.bare]).toEqual([false, false])
        expect(readFragment(blocks.bytes, digests).map((it) => it.bytes)).toEqual([one.bytes])
      }
      const page = await client.page({ did, maxBytes: 1 << 20, bare: true })
      const blocks = await client.blocks({ did, wants, bare: true })
      const first = await client.blocks({ did, wants: [], bare: true })
      expect([page.bare, blocks.bare, first.bare]).toEqual([true, true, true])
      expect(blocksIn(readBare(blocks.bytes)).map((it) => it.bytes)).toEqual([one.bytes])
      expect(blocksIn(readBare(await page.bytes)).map((it) => toHex(it.bytes))).toEqual(
        repo.blocks('preorder').map((it) => toHex(it.bytes)),
      )
      expect(blocksIn(readBare(first.bytes))).toHaveLength(2)
    }))

  it('compresses pages for whom asks for that, and says so', async () => {
    let sent = 0
    await withServer(
      async ({ alice, client }) => {
        const asked = { did: alice.did, maxBytes: 1 << 20, bare: true }
        const plain = await (await client.page(asked)).bytes
        expect(sent).toBeGreaterThan(plain.length)
        sent = 0
        const page = await client.page({ ...asked, deflate: true })
        expect(await page.bytes).toEqual(plain)
        expect(page).toMatchObject({ bare: true, end: true, records: alice.repo.records.length })
        expect(sent).toBeLessThan(plain.length * 0.6)
      },
      () => ({ onSent: (_peer, _did, bytes) => void (sent += bytes) }),
    )
  })

  it('serves so many streams at once, and says so to the next', () =>
    withServer(
      async ({ a, b, alice, client }) => {
        expect(await client.heads([alice.did])).toHaveLength(1)
        const second = await openPages(b.net, a.id, { timers: b.timers })
        await expect(second.heads([alice.did])).rejects.toMatchObject({
          code: 'net.refused',
          fields: { reason: 'too-many' },
        })
        await client.close()
        // The server learns of it in its own time.
        for (let heads: unknown; heads === undefined;) {
          const third = await openPages(b.net, a.id, { timers: b.timers })
          heads = await third.heads([alice.did]).catch(() => undefined)
          await third.close()
        }
      },
      () => ({ limits: { perPeer: 1, inAll: 10, idleMs: 60_000 } }),
    ))

  it('ends a stream whose bytes are no messages, or that asks for nothing', () =>
    withServer(async ({ a, b }) => {
      const long = await b.net.open(a.id, PAGES_PROTOCOL)
      await long.write(Uint8Array.of(0xff, 0xff, 0xff, 0x7f))
      await expect(long.read()).rejects.toMatchObject({ code: 'net.reset' })
      const idle = await b.net.open(a.id, PAGES_PROTOCOL)
      const ended = idle.read().catch((error: unknown) => error)
      let over = false
      void ended.then(() => (over = true))
      while (!over) {
        a.timers.fire(60_000)
        await new Promise(setImmediate)
      }
      expect(await ended).toMatchObject({ code: 'net.reset' })
      // Bytes that are no request are refused; the stream goes on.
      const odd = await b.net.open(a.id, PAGES_PROTOCOL)
      await writeFrame(odd, encodeMessage({ type: 'none' }))
      expect((await odd.read())?.length).toBeGreaterThan(5)
      odd.abort()
    }))

  it('answers what has been swept with root-gone', () =>
    withServer(async ({ a, alice, client }) => {
      const root = commitCid(alice.repo)
      await client.page({ did: alice.did, root, maxBytes: 1000 })
      for (const key of await a.storage.byteKeys()) await a.storage.write([{ type: 'delete-bytes', key }])
      await expect(client.page({ did: alice.did, root, maxBytes: 1000 })).rejects.toMatchObject({
        fields: { reason: 'root-gone' },
      })
    }))

  it('pins what it reads from for an hour', () => {
    let now = 1000
    const pins = createPins({ now: () => now })
    return withServer(
      async ({ a, alice, client }) => {
        const head = await headOf(a.storage, alice.did)
        const id = head?.id ?? ''
        expect(pins.holds(alice.did, id)).toBe(false)
        await client.page({ did: alice.did, maxBytes: 1000 })
        now += 60 * 60_000 - 1
        expect(pins.holds(alice.did, id)).toBe(true)
        now += 1
        expect(pins.holds(alice.did, id)).toBe(false)
        for (let i = 0; i < 3000; i++) pins.pin(UNKNOWN, String(i))
        expect([pins.holds(UNKNOWN, '1999'), pins.holds(UNKNOWN, '2000')]).toEqual([false, true])
      },
      () => ({ pins }),
    )
  })
})

describe('a client', () => {
  it('that is stopped says so to whoever waits', () =>
    withServer(async ({ a, b, alice }) => {
      const stop = new AbortController()
      const client = await openPages(b.net, a.id, { timers: b.timers, signal: stop.signal })
      const waiting = [client.heads([alice.did]), client.heads([alice.did]), client.heads([alice.did])]
      stop.abort()
      for (const it of await Promise.allSettled(waiting))
        expect(it).toMatchObject({ status: 'rejected', reason: { code: 'net.cancelled' } })
      await client.close()
    }))

  it('gets answers in the order of its requests, also after a refusal', () =>
    withServer(async ({ alice, client }) => {
      const answers = await Promise.allSettled(
        Array.from({ length: 12 }, (_, i) =>
          client
            .page({ did: i % 3 === 2 ? UNKNOWN : alice.did, after: alice.repo.records[i]?.path, maxBytes: 1 })
            .then(async (page) => ({ last: page.last, size: (await page.bytes).length })),
        ),
      )
      answers.forEach((it, i) => {
        if (i % 3 === 2) expect(it.status).toBe('rejected')
        else expect(it).toMatchObject({ value: { last: alice.repo.records[i + 1]?.path } })
      })
    }))
})
