import { encode } from '@atcute/cbor'
import { describe, expect, it } from 'vitest'
import type { ByteStream } from '../../net/net.ts'
import { createMemoryNetwork } from '../../net/testing/memory-net.ts'
import { createCarReader } from '../../repo/car/reader.ts'
import { cidString } from '../../core/cid.ts'
import { createSegmentReader } from '../../storage/segment-reader.ts'
import { headOf, snapshotsOf } from '../kept.ts'
import { commitCid } from '../testing/local-pds.ts'
import { type SyncKit, withSync } from '../testing/sync-kit.ts'
import { fitsInCar } from './car-size.ts'
import { decodeRequest, encodeRequest, REPO_SYNC_PROTOCOL } from './protocol.ts'
import { serveRepoSync } from './serve.ts'
import { realTimers } from './testing/two-devices.ts'

type Options = Partial<Parameters<typeof serveRepoSync>[0]>

function serve({ storage }: Pick<SyncKit, 'storage'>, options: Options = {}) {
  const network = createMemoryNetwork()
  network.node('giver').handle(REPO_SYNC_PROTOCOL, serveRepoSync({ storage, timers: realTimers, ...options }))
  const taker = network.node('taker')
  const open = async (request: Uint8Array): Promise<ByteStream> => {
    const stream = await taker.open('giver', REPO_SYNC_PROTOCOL)
    // The answer is read meanwhile: a refusal may come before all was sent.
    void stream.write(request).then(
      () => stream.closeWrite(),
      () => {},
    )
    return stream
  }
  return { network, open, ask: async (request: Uint8Array) => all(await open(request)) }
}

async function all(stream: ByteStream): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for (let it = await stream.read(); it !== undefined; it = await stream.read()) parts.push(it)
  return Buffer.concat(parts)
}

const whole = (did: string): Uint8Array => encode({ did })

/** CIDs of a CAR's blocks, in order. */
function cidsOf(car: Uint8Array): string[] {
  const out: string[] = []
  const reader = createCarReader({
    header: () => {},
    block: (codec, buffer, at) => out.push(cidString(codec, buffer.subarray(at, at + 32))),
  })
  reader.push(car)
  reader.end()
  return out
}

describe('a request', () => {
  it('has the bytes that the description gives', () => {
    const bytes = Buffer.from(encodeRequest({ did: 'did:plc:x', since: '3kabc' }))
    expect(bytes.toString('hex')).toBe('a263646964696469643a706c633a786573696e636565336b616263')
    for (const since of [undefined, ''])
      expect(Buffer.from(encodeRequest({ did: 'did:plc:x', since })).toString('hex')).toBe(
        'a163646964696469643a706c633a78',
      )
  })

  it('with a since that is no text asks for all', () => {
    for (const since of [null, 7, '', ['3kabc']])
      expect(decodeRequest(encode({ did: 'did:plc:x', since }), 'p')).toEqual({
        did: 'did:plc:x',
        since: undefined,
      })
  })
})

describe('what is served', () => {
  it('is the status and the head as a CAR whose blocks prove themselves in order', () =>
    withSync(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice', records: 600 })
      await kit.backUp(alice.did)
      let told = 0
      const { ask } = serve(kit, { onSent: (peer, did, bytes) => (told += peer && did ? bytes : 0) })
      const answer = await ask(whole(alice.did))
      expect(answer[0]).toBe(0)
      expect(Buffer.from(answer.subarray(1))).toEqual(Buffer.concat([...alice.repo.car('preorder')]))
      expect(told).toBe(answer.length)
    }))

  it('since a kept rev is the commit, the new nodes and the new records, and nothing else', () =>
    withSync(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice', records: 600 })
      await kit.backUp(alice.did)
      const first = alice.repo
      alice.commit({ create: 2, update: 3, delete: 2 })
      await kit.backUp(alice.did)
      const second = alice.repo
      const edited = alice.commit({ create: 1, delete: 30 })
      await kit.backUp(alice.did)
      const { ask } = serve(kit)
      const since = async (rev: string): Promise<string[]> => {
        const answer = await ask(encode({ did: alice.did, since: rev }))
        expect(answer[0]).toBe(0)
        return cidsOf(answer.subarray(1))
      }
      // By an independent account of what the newer repo has and the older has not.
      const news = edited.sinceBlocks().map((it) => cidString(0x71, it.cid.subarray(4)))
      const got = await since(second.rev)
      expect(got[0]).toBe(commitCid(edited))
      expect([...got].sort()).toEqual([...news].sort())
      expect((await since(first.rev)).length).toBeGreaterThan(got.length)
      expect(await since(edited.rev)).toEqual([commitCid(edited)])
      // A rev that was never here: everything.
      expect(await since('3kabc')).toHaveLength(edited.blocks('preorder').length)
    }))

  it('since a rev from which too much differs is the whole repo', () =>
    withSync(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice', records: 20 })
      await kit.backUp(alice.did)
      const before = alice.repo.rev
      const bob = await kit.pds.account({ name: 'bob', records: 24_000 })
      alice.serve({ ...alice.repo })
      const edited = alice.commit({
        create: bob.repo.records.map(({ path, bytes }) => ({ path, bytes })),
      })
      await kit.backUp(alice.did)
      const { ask } = serve(kit)
      const answer = await ask(encode({ did: alice.did, since: before }))
      expect(Buffer.from(answer.subarray(1))).toEqual(Buffer.concat([...edited.car('preorder')]))
    }))

  it('of an empty repo is its one node', () =>
    withSync(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice', records: 0 })
      await kit.backUp(alice.did)
      const { ask } = serve(kit)
      const answer = await ask(whole(alice.did))
      expect(Buffer.from(answer.subarray(1))).toEqual(Buffer.concat([...alice.repo.car('preorder')]))
    }))
})

describe('a status', () => {
  const NONE = 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb'

  it.each([
    ['1 for a repo that is not kept', 1, whole(NONE)],
    ['1 for a text that is no DID', 1, whole('../meta\u00e4')],
    ['2 for no bytes at all', 2, new Uint8Array()],
    ['2 without a did', 2, encode({ since: '3kabc' })],
    ['2 for a did that is no text', 2, encode({ did: 7 })],
    ['2 for what is no map', 2, encode(['did:plc:x'])],
    ['2 for what is not canonical', 2, Buffer.from('bf63646964696469643a706c633a78ff', 'hex')],
    ['2 for what is no DAG-CBOR', 2, Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['2 for a request over 64 KiB', 2, encode({ did: NONE, since: 'x'.repeat(70_000) })],
  ])('is %s', (_name, status, request) =>
    withSync(async (kit) => {
      expect([...(await serve(kit).ask(request))]).toEqual([status])
    }),
  )

  it('is 1 for a peer that may not read', () =>
    withSync(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice' })
      await kit.backUp(alice.did)
      const { ask } = serve(kit, { mayRead: async (peer, did) => peer !== 'taker' || did !== alice.did })
      expect([...(await ask(whole(alice.did)))]).toEqual([1])
    }))

  it('is 2 for a repo that is larger than an answer may be, told from its counts or its tree', () =>
    withSync(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice', records: 300 })
      await kit.backUp(alice.did)
      const size = Buffer.concat([...alice.repo.car('preorder')]).length
      for (const answerBytes of [1000, size - 1000]) {
        const { ask } = serve(kit, { limits: { answerBytes } })
        expect([...(await ask(whole(alice.did)))]).toEqual([2])
      }
      const { ask } = serve(kit, { limits: { answerBytes: size } })
      expect((await ask(whole(alice.did))).length).toBe(size + 1)
      const head = await headOf(kit.storage, alice.did)
      if (head === undefined) throw new Error('no head')
      const reader = createSegmentReader(kit.storage, alice.did)
      expect(await fitsInCar(reader, head, 1e9)).toBe(true)
      expect(reader.bytesRead).toBe(0)
    }))

  it('is 2 when the disk fails before the first byte; later the stream breaks off', () =>
    withSync(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice', records: 4000 })
      await kit.backUp(alice.did)
      const [snapshot] = await snapshotsOf(kit.storage, alice.did)
      const failing = (after: number) => {
        let reads = 0
        return {
          ...kit.storage,
          get: async (...args: Parameters<typeof kit.storage.get>) =>
            after === 0 ? Promise.reject(new Error('no disk')) : kit.storage.get(...args),
          readRanges: async (...args: Parameters<typeof kit.storage.readRanges>) =>
            ++reads > after ? Promise.reject(new Error('no disk')) : kit.storage.readRanges(...args),
        }
      }
      expect(snapshot).toBeDefined()
      const early = serve({ storage: failing(0) })
      expect([...(await early.ask(whole(alice.did)))]).toEqual([2])
      const late = serve({ storage: failing(5) })
      await expect(late.ask(whole(alice.did))).rejects.toMatchObject({ code: 'net.reset' })
    }))

  it('is 2 for more at once than is allowed, and a place is free again when its answer is over', () =>
    withSync(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice', records: 3000 })
      await kit.backUp(alice.did)
      const { open, ask } = serve(kit, { limits: { perPeer: 2, inAll: 2 } })
      const first = await open(whole(alice.did))
      const second = await open(whole(alice.did))
      // Both have begun and wait for their reader.
      expect((await first.read())?.[0]).toBe(0)
      expect((await second.read())?.[0]).toBe(0)
      expect([...(await ask(whole(alice.did)))]).toEqual([2])
      await all(first)
      const third = await ask(whole(alice.did))
      expect(third[0]).toBe(0)
      second.abort()
      expect((await ask(whole(alice.did))).length).toBe(third.length)
    }))
})

describe('a peer that stands still', () => {
  it('is left when it does not finish its request', () =>
    withSync(async (kit) => {
      const { network } = serve(kit, { limits: { requestMs: 20 } })
      const stream = await network.node('other').open('giver', REPO_SYNC_PROTOCOL)
      await stream.write(Uint8Array.of(0xa1))
      await expect(stream.read()).rejects.toMatchObject({ code: 'net.reset' })
    }))

  it('is left when it does not read, and its place is free again', () =>
    withSync(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice', records: 3000 })
      await kit.backUp(alice.did)
      const left = Promise.withResolvers<void>()
      const { network, ask, open } = serve(kit)
      const handler = serveRepoSync({
        storage: kit.storage,
        timers: realTimers,
        limits: { idleMs: 200, inAll: 1 },
      })
      network.node('giver').handle(REPO_SYNC_PROTOCOL, (stream) => handler(stream).finally(left.resolve))
      const stream = await open(whole(alice.did))
      await stream.read()
      // The stream fills, and nobody reads on before the giver's handler is over.
      await left.promise
      await expect(all(stream)).rejects.toMatchObject({ code: 'net.reset' })
      expect((await ask(whole(alice.did)))[0]).toBe(0)
    }))
})
