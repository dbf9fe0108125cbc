import { encode } from '@atcute/cbor'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pullRepoSync } from './pull.ts'
import { encodeRequest, REPO_SYNC_PROTOCOL } from './protocol.ts'
import { serveRepoSync, type ServeLimits } from './serve.ts'
import { fetchRepoSync, type FetchLimits } from './fetch.ts'
import type { StreamHandler } from '../../net/net.ts'
import { headOf } from '../kept.ts'
import { framesOf } from '../../storage/testing/contents.ts'
import { contents, wanted } from '../testing/sync-kit.ts'
import { type Link, type RealNet, startRealNet } from './testing/real-net.ts'
import { startStockPeer, type StockPeer } from './testing/stock-peer.ts'
import { type Device, realTimers, withTwoDevices } from './testing/two-devices.ts'

let stock: StockPeer
let node: RealNet
let ours: StreamHandler

async function start(link: Link): Promise<void> {
  stock = await startStockPeer()
  node = await startRealNet(link)
  node.net.handle(REPO_SYNC_PROTOCOL, (stream) => ours(stream))
}
async function stop(): Promise<void> {
  await stock.close()
  await node.net.stop()
}

const LINKS: readonly Link[] = ['tcp', 'ws']

/** Ours serves a device's disk from now on. */
function serve(device: Device, limits: Partial<ServeLimits> = {}): void {
  ours = serveRepoSync({ storage: device.storage, timers: realTimers, limits })
}

function pull(device: Device, link: Link, did: string, limits?: Partial<FetchLimits>) {
  device.timers.pass(1000)
  // The limits of a test are short, and no pauses.
  const host = limits === undefined ? device.host : { ...device.host, timers: realTimers }
  return pullRepoSync(host, device.pds.endpoints, node.net, {
    did,
    peer: stock.id,
    addresses: [stock[link]],
    label: '@alice',
    work: device.work(),
    ...(limits === undefined ? {} : { limits }),
  })
}

const carOf = (chunks: Iterable<Uint8Array>): Uint8Array => Buffer.concat([...chunks])

describe.each(LINKS)('a stock node over %s', (link) => {
  beforeAll(() => start(link))
  afterAll(stop)

  it('gets from us the whole repo and what changed since', () =>
    withTwoDevices(async ({ pds, giver }) => {
      const alice = await pds.account({ name: 'alice', records: 3000 })
      await giver.backUp(alice.did)
      serve(giver)
      const first = alice.repo
      expect(Buffer.compare(await stock.fetch(node.address, alice.did), carOf(first.car('preorder')))).toBe(0)
      const edited = alice.commit({ create: 2, update: 2, delete: 2 })
      await giver.backUp(alice.did)
      const changes = await stock.fetch(node.address, alice.did, first.rev)
      // As many bytes as the news by an independent account, in another order.
      expect(changes.length).toBe(carOf(edited.sinceCar()).length)
      const unknown = await stock.fetch(node.address, alice.did, '3kabc')
      expect(Buffer.compare(unknown, carOf(edited.car('preorder')))).toBe(0)
    }))

  it('reads every status of ours', () =>
    withTwoDevices(async ({ pds, giver }) => {
      const alice = await pds.account({ name: 'alice', records: 300 })
      await giver.backUp(alice.did)
      serve(giver, { answerBytes: 10_000_000 })
      const ask = async (request: Uint8Array) => [...(await stock.ask(node.address, request))].slice(0, 1)
      const bob = 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb'
      expect(await ask(encode({ did: alice.did }))).toEqual([0])
      expect(await ask(encode({ did: bob }))).toEqual([1])
      expect(await ask(encode({ did: 7 }))).toEqual([2])
      expect(await ask(encode({}))).toEqual([2])
      expect(await ask(encode({ did: bob, since: 'x'.repeat(100_000) }))).toEqual([2])
      serve(giver, { answerBytes: 1000 })
      expect(await ask(encode({ did: alice.did }))).toEqual([2])
    }))

  it('gives us the whole repo, and what changed since', () =>
    withTwoDevices(async ({ pds, taker }) => {
      const alice = await pds.account({ name: 'alice', records: 3000 })
      const first = alice.repo
      stock.repos.set(alice.did, { car: carOf(first.car()) })
      stock.asked.length = 0
      const whole = await pull(taker, link, alice.did)
      if (whole.snapshot === undefined) throw new Error('nothing kept')
      expect(whole.snapshot).toMatchObject({ source: 'peer', signature: 'current-key' })
      expect(await contents(taker.storage, whole.snapshot)).toEqual(wanted(first))
      const edited = alice.commit({ create: 3, update: 2, delete: 3 })
      stock.repos.set(alice.did, {
        car: carOf(edited.car()),
        since: new Map([[first.rev, carOf(edited.sinceCar())]]),
      })
      const { snapshot } = await pull(taker, link, alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(await contents(taker.storage, snapshot)).toEqual(wanted(edited))
      expect(stock.asked).toEqual([{ did: alice.did }, { did: alice.did, since: first.rev }])
      const { records } = await framesOf(taker.storage, alice.did)
      expect(new Set(records).size).toBe(records.length)
      // One that knows no `since` sends all.
      const again = alice.commit({ create: 1 })
      stock.repos.set(alice.did, { car: carOf(again.car()) })
      const third = await pull(taker, link, alice.did)
      if (third.snapshot === undefined) throw new Error('nothing kept')
      expect(await contents(taker.storage, third.snapshot)).toEqual(wanted(again))
      expect((await pull(taker, link, alice.did)).snapshot).toBeUndefined()
    }))

  it('tells us what it has not, and what it cannot', () =>
    withTwoDevices(async ({ pds, taker }) => {
      const alice = await pds.account({ name: 'alice' })
      const answers: [number[], string, Record<string, unknown>][] = [
        [[1], 'sync.peer-lacks', { peer: stock.id, did: alice.did }],
        [[2], 'sync.peer-failed', { peer: stock.id, did: alice.did }],
        [[3], 'net.malformed', { peer: stock.id, reason: 'status', status: 3 }],
        [[], 'net.malformed', { peer: stock.id, reason: 'empty' }],
        [[0], 'repo.car-truncated', {}],
      ]
      for (const [bytes, code, fields] of answers) {
        stock.behave = async (wire) => {
          expect(Buffer.from(wire.request)).toEqual(
            Buffer.from(encodeRequest({ did: alice.did, since: undefined })),
          )
          if (bytes.length > 0) await wire.send(Uint8Array.from(bytes))
          await wire.close()
        }
        await expect(pull(taker, link, alice.did), code).rejects.toMatchObject({ code, fields })
      }
      stock.behave = async (wire) => wire.abort()
      await expect(pull(taker, link, alice.did)).rejects.toMatchObject({ code: 'net.reset' })
      stock.behave = undefined
      expect(await headOf(taker.storage, alice.did)).toBeUndefined()
      expect(await taker.storage.count('imports')).toBe(0)
    }))

  it('may take its time with the first byte, not with those after', () =>
    withTwoDevices(async ({ pds, taker }) => {
      const alice = await pds.account({ name: 'alice' })
      const car = carOf(alice.repo.car())
      stock.behave = async (wire) => {
        await new Promise((resolve) => setTimeout(resolve, 300))
        await wire.send(Uint8Array.of(0))
        await wire.send(car)
        await wire.close()
      }
      const limits = { firstByteMs: 5000, idleMs: 150 }
      expect((await pull(taker, link, alice.did, limits)).snapshot).toBeDefined()
      stock.behave = undefined
    }))
})

describe('a stream that is given up', () => {
  beforeAll(() => start('tcp'))
  afterAll(stop)

  it('ends for the other side too', async () => {
    const gone = Promise.withResolvers<void>()
    stock.behave = async (wire) => {
      await wire.send(Uint8Array.of(0, 1, 2, 3))
      await wire.gone
      gone.resolve()
    }
    const options = { did: 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb', addresses: [stock.tcp], timers: realTimers }
    for await (const bytes of fetchRepoSync(node.net, stock.id, options)) {
      expect([...bytes]).toEqual([1, 2, 3])
      break
    }
    await gone.promise
    const controller = new AbortController()
    const left = Promise.withResolvers<void>()
    stock.behave = async (wire) => {
      controller.abort()
      await wire.gone
      left.resolve()
    }
    const cancelled = fetchRepoSync(node.net, stock.id, { ...options, signal: controller.signal })
    await expect(cancelled.next()).rejects.toMatchObject({ code: 'net.cancelled' })
    await left.promise
    stock.behave = undefined
  })
})
