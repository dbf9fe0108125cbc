import { afterEach, describe, expect, it } from 'vitest'
import type { Timers } from '../../core/timers.ts'
import { createManualTime } from '../../net/directory/testing/manual-time.ts'
import { issueCertificate } from '../../net/identity/certificate.ts'
import { writeFrame } from '../../net/frames.ts'
import type { ByteStream, Net } from '../../net/net.ts'
import { createEmitter } from '../../net/networker/events.ts'
import type { NetworkerEvents, Peer, PeerStream } from '../../net/networker/model.ts'
import type { CairnNode } from '../../net/node/create.ts'
import { createMemoryNetwork } from '../../net/testing/memory-net.ts'
import { realHost, startNode, strangerId } from '../../net/testing/nodes.ts'
import { repoTopic } from '../../net/topics.ts'
import type { Storage } from '../../storage/port.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { createDevices, type Devices } from './devices.ts'
import { deviceKeyOf } from './key.ts'
import { LIFE } from './own-certificate.ts'
import { peerRow, peerRows } from './peer-rows.ts'
import { askDevice, DEVICE_PROTOCOL } from './protocol.ts'

const topic = repoTopic('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
const ends: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** Real time with short pauses: 15 s of patience are 0.3 s. */
const hasty: Timers = { after: (ms, run) => realHost.timers.after(ms / 50, run) }

/** Who is linked with one node, and what is told of it. */
function createPeers() {
  const emitter = createEmitter<NetworkerEvents>()
  const peers = new Set<Peer>()
  return {
    networker: { ...emitter, peers },
    add(id: string, topics: Peer['topics'] = [topic]): Peer {
      const stream: PeerStream = {
        ...{ peer: id, remoteAddress: '', type: 'direct', initiator: true, since: 0 },
        ...{ received: 0, sent: 0, destroy: () => {} },
      }
      const { remoteAddress, type } = stream
      const peer: Peer = { id, remotePublicKey: new Uint8Array(32), remoteAddress, type, stream, topics }
      peers.add(peer)
      emitter.emit('peer-add', { peer })
      return peer
    },
    remove(peer: Peer) {
      peers.delete(peer)
      emitter.emit('peer-remove', { peer, error: undefined })
    },
  }
}

interface Context {
  readonly devices: Devices
  readonly peers: ReturnType<typeof createPeers>
  readonly proven: string[]
}

function start(
  net: Net,
  storage: Storage,
  time: Partial<Pick<typeof realHost, 'timers' | 'clock'>> = {},
): Context {
  const { timers = hasty, clock = realHost.clock } = time
  const peers = createPeers()
  const proven: string[] = []
  const { networker } = peers
  const onProven = ({ id }: Peer): void => void proven.push(id)
  const devices = createDevices({
    storage,
    net,
    timers,
    clock,
    networker,
    onProven,
    isKnown: async () => false,
  })
  ends.push(devices.handle(), () => devices.close())
  return { devices, peers, proven }
}

async function node(): Promise<CairnNode> {
  const started = await startNode()
  ends.push(() => started.stop())
  return started
}

/** Two disks: ours, and a friend's. */
const withTwo = (use: (ours: Storage, theirs: Storage) => Promise<void>): Promise<void> =>
  withLevel((ours) =>
    withLevel(async (theirs) => {
      try {
        await use(ours, theirs)
      } finally {
        // Before the disks go.
        for (const end of ends.splice(0).reverse()) await end()
      }
    }),
  )

const link = (from: CairnNode, to: CairnNode): Promise<unknown> =>
  from.open(to.self, '/none/1.0.0', { addresses: to.addresses() }).catch(() => undefined)

describe('two contexts of one device', () => {
  it('are known as one to a friend, and know each other', () =>
    withTwo(async (ours, theirs) => {
      const [page, worker, friend] = [await node(), await node(), await node()]
      const me = start(friend, ours)
      const [one, two] = [start(page, theirs), start(worker, theirs)]
      for (const { peers } of [one, two]) peers.add(friend.self)
      await Promise.all([link(friend, page), link(friend, worker)])
      await Promise.all([page, worker].map(({ self }) => me.devices.meet(me.peers.add(self))))
      const rows = await peerRows(ours)
      const { id } = await deviceKeyOf(theirs)
      expect([page, worker].map(({ self }) => rows.get(self)?.device?.id)).toEqual([id, id])
      expect(me.proven.toSorted()).toEqual([page.self, worker.self].toSorted())
      const own = await peerRows(theirs)
      expect([page, worker].map(({ self }) => own.get(self)?.own)).toEqual([true, true])
      expect(rows.get(friend.self)).toMatchObject({ own: true })
    }))
})

describe('a certificate', () => {
  it('is shown to those who share a topic, as soon as this side sees it, and to nobody else', () =>
    withTwo(async (ours, theirs) => {
      const [a, b] = [await node(), await node()]
      const [me, them] = [start(a, ours), start(b, theirs)]
      await link(a, b)
      const asking = { timers: realHost.timers, clock: realHost.clock }
      const ask = () => askDevice(a, asking, { peer: b.self, signal: new AbortController().signal })
      const refused = { code: 'net.refused', fields: { reason: 'no-certificate' } }
      await expect(ask()).rejects.toMatchObject(refused)
      them.peers.add(a.self, [])
      await expect(ask()).rejects.toMatchObject(refused)
      const asked = me.devices.meet(me.peers.add(b.self))
      them.peers.add(a.self)
      await asked
      expect((await peerRow(ours, b.self))?.device?.id).toBe((await deviceKeyOf(theirs)).id)
    }))

  it('is asked for once a link, and anew before it ends while the link lasts', () =>
    withTwo(async (ours, theirs) => {
      const time = createManualTime()
      const network = createMemoryNetwork()
      const [a, b] = [network.node(await strangerId()), network.node(await strangerId())]
      const clocked = { timers: time, clock: time }
      const [me, them] = [start(a, ours, clocked), start(b, theirs, clocked)]
      them.peers.add(a.self)
      const first = me.peers.add(b.self)
      await Promise.all([me.devices.meet(first), me.devices.meet(first)])
      await me.devices.meet(first)
      expect(me.proven).toHaveLength(1)
      const until = async () => (await peerRow(ours, b.self))?.device?.expiresAt
      expect(await until()).toBe(time.now() + LIFE)

      // Out of reach when it is due: an hour later it is not.
      network.cut(b.self)
      await time.pass(LIFE / 2)
      network.mend(b.self)
      expect(me.proven).toHaveLength(1)
      await expect.poll(() => time.waiting()).toBe(1)
      await time.pass(60 * 60 * 1000)
      await expect.poll(() => me.proven.length).toBe(2)
      // Made anew by then.
      expect(await until()).toBe(time.now() + LIFE)

      me.peers.remove(first)
      expect(time.waiting()).toBe(0)
      // What speaks nothing of this is not asked again.
      await me.devices.meet(me.peers.add(network.node(await strangerId()).self))
      expect(time.waiting()).toBe(0)
      await me.devices.meet(me.peers.add(b.self))
      expect(me.proven).toHaveLength(3)
    }))
})

describe('a peer that lies about its device', () => {
  it('is none but itself, and who meets it goes on', () =>
    withTwo(async (ours, theirs) => {
      const [a, b] = [await node(), await node()]
      const me = start(a, ours)
      await link(a, b)
      const key = await deviceKeyOf(theirs)
      const now = Date.now()
      const good = await issueCertificate(key, { peer: b.self, now, lifeMs: LIFE })
      const ofAnother = await issueCertificate(key, { peer: a.self, now, lifeMs: LIFE })
      const expired = await issueCertificate(key, { peer: b.self, now: now - 2 * LIFE, lifeMs: LIFE })
      const forged = good.slice()
      forged.fill(1, 20, 60)
      const opened: ByteStream[] = []
      const answers: ((stream: ByteStream) => Promise<void>)[] = [
        (stream) => writeFrame(stream, ofAnother),
        (stream) => writeFrame(stream, expired),
        (stream) => writeFrame(stream, forged),
        (stream) => writeFrame(stream, new Uint8Array()),
        (stream) => writeFrame(stream, new Uint8Array(2000)),
        (stream) => stream.write(new Uint8Array(64).fill(255)),
        async () => {},
        () => Promise.reject(new TypeError('broken')),
        // It never answers.
        (stream) => new Promise(() => opened.push(stream)),
      ]
      for (const answer of answers) {
        const stop = b.handle(DEVICE_PROTOCOL, answer)
        await me.devices.meet(me.peers.add(b.self))
        stop()
        expect(await peerRow(ours, b.self)).toBeUndefined()
      }
      expect(opened).toHaveLength(1)
      // And one that knows nothing of it.
      await me.devices.meet(me.peers.add(b.self))
      expect(me.proven).toEqual([])

      ends.push(b.handle(DEVICE_PROTOCOL, (stream) => writeFrame(stream, good)))
      await me.devices.meet(me.peers.add(b.self))
      expect(await peerRow(ours, b.self)).toMatchObject({ device: { id: key.id, expiresAt: now + LIFE } })
    }))

  it('does not take away what it proved before', () =>
    withTwo(async (ours, theirs) => {
      const network = createMemoryNetwork()
      const [a, b] = [network.node(await strangerId()), network.node(await strangerId())]
      const [me, them] = [start(a, ours), start(b, theirs)]
      them.peers.add(a.self)
      await me.devices.meet(me.peers.add(b.self))
      const before = await peerRow(ours, b.self)
      expect(before?.device).toBeDefined()
      b.handle(DEVICE_PROTOCOL, (stream) => writeFrame(stream, new Uint8Array(9)))
      await me.devices.meet(me.peers.add(b.self))
      expect(await peerRow(ours, b.self)).toEqual(before)
    }))
})

describe('a question', () => {
  it('that is none, or too many, ends its stream; the next is answered', () =>
    withTwo(async (_ours, theirs) => {
      const [a, b] = [await node(), await node()]
      start(b, theirs).peers.add(a.self)
      const open = () => a.open(b.self, DEVICE_PROTOCOL, { addresses: b.addresses() })
      const big = await open()
      await writeFrame(big, new Uint8Array(10))
      await expect(big.read()).rejects.toMatchObject({ code: 'net.reset' })
      const held = [await open(), await open()]
      // Both are being served: a third is one too many.
      const third = await open()
      await expect(third.read()).rejects.toMatchObject({ code: 'net.reset' })
      for (const stream of held) stream.abort()
      // One that asks nothing before it ends its side is answered as well.
      await expect
        .poll(async () => {
          const quiet = await open()
          await quiet.closeWrite()
          const chunk = await quiet.read().catch(() => undefined)
          return (chunk?.length ?? 0) > 100
        })
        .toBe(true)
    }))
})
