import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../core/bytes.ts'
import { createManualTimers } from '../../pds/testing/timers.ts'
import { writeMessage } from '../messages.ts'
import { repoTopic } from '../topics.ts'
import {
  createMemoryStore,
  createWorld,
  settle,
  type TestNode,
  expectSoon,
  type World,
} from './testing/world.ts'
import { NETWORKER_PROTOCOL } from './wire.ts'

const topic = repoTopic('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
const other = repoTopic('did:plc:bbbbbbbbbbbbbbbbbbbbbbbb')
let world: World
beforeEach(() => {
  world = createWorld()
})
afterEach(async () => {
  await world.end()
})

const count = (node: TestNode, event: string): number => node.log.filter((it) => it === event).length

describe('a peer', () => {
  it('has a key, an address, a type and a stream, on both sides', async () => {
    const a = world.node('a')
    const b = world.node('b')
    await a.networker.configure(topic)
    await b.networker.configure(topic)
    expect(a.peer('b')).toMatchObject({
      id: 'b',
      remotePublicKey: utf8('b'),
      remoteAddress: '/memory/b',
      type: 'direct',
      topics: [topic],
      stream: { peer: 'b', initiator: false, remoteAddress: '/memory/b', type: 'direct' },
    })
    expect(b.peer('a')).toMatchObject({ id: 'a', topics: [topic], stream: { initiator: true } })
    expect([...a.networker.streams]).toEqual([a.peer('b')?.stream])
    expect(a.peer('b')?.stream.received).toBeGreaterThan(100)
    expect(a.peer('b')?.stream.sent).toBeGreaterThan(100)
  })

  it('comes and goes with events in this order', async () => {
    const a = world.node('a')
    const b = world.node('b')
    await a.networker.configure(topic)
    await b.networker.configure(topic)
    expect(a.log.slice(2)).toEqual(['stream-opened b', 'peer-add b', 'handshake b', 'stream-processed b'])
    await b.networker.close()
    await expectSoon(() => a.networker.peers.size === 0)
    expect(a.log.slice(6)).toEqual(['peer-remove b', 'stream-closed b'])
  })

  it('is linked once, however many topics it is found under and whoever opens first', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e']
    const nodes = ids.map((id) => world.node(id))
    await Promise.all(
      nodes.flatMap(({ networker }) => [networker.configure(topic), networker.configure(other)]),
    )
    await settle()
    for (const node of nodes) {
      expect([...node.networker.peers].map(({ id }) => id).sort()).toEqual(ids.filter((id) => id !== node.id))
      for (const peer of node.networker.peers) expect(peer.topics).toHaveLength(2)
      expect(node.networker.stats().links).toBe(4)
      expect(node.networker.streams.size).toBe(4)
    }
  })

  it('that is linked twice at once is told of once: one side chooses', async () => {
    const a = world.node('a')
    const b = world.node('b')
    await Promise.all([a.networker.listen(), b.networker.listen()])
    world.directory.list(topic.id, 'a')
    world.directory.list(topic.id, 'b')
    await Promise.all([a, b].map(({ networker }) => networker.configure(topic, { announce: false })))
    await settle()
    expect(count(a, 'stream-opened b')).toBe(2)
    for (const [node, id] of [
      [a, 'b'],
      [b, 'a'],
    ] as const) {
      expect(count(node, `peer-add ${id}`)).toBe(1)
      expect(count(node, `peer-remove ${id}`)).toBe(0)
      expect(count(node, `stream-processed ${id}`)).toBe(2)
      expect(count(node, `stream-closed ${id}`)).toBe(1)
      expect(count(node, `replication-error ${id}`)).toBe(0)
      expect(node.networker.peers.size).toBe(1)
    }
    expect(a.peer('b')?.stream.initiator).not.toBe(b.peer('a')?.stream.initiator)
  })

  it('is moved from a circuit to a direct connection as soon as there is one', async () => {
    // Streams that `b` opens go through a circuit, those of `a` are direct.
    const a = world.node('a')
    const b = world.node('b', { path: 'relayed' })
    await a.networker.configure(topic, { lookup: false })
    await b.networker.configure(topic, { announce: false })
    expect(a.peer('b')?.type).toBe('relayed')
    // The connections changed: the side that chooses looks for a better one.
    world.network.mend('nobody')
    await expectSoon(() => a.peer('b')?.type === 'direct' && b.peer('a')?.type === 'direct')
    expect(a.networker.peers.size).toBe(1)
    expect(a.log.indexOf('peer-remove b')).toBeLessThan(a.log.lastIndexOf('peer-add b'))
    expect(count(a, 'replication-error b')).toBe(0)
    expect(count(b, 'replication-error a')).toBe(0)
    world.network.mend('nobody')
    await settle()
    expect(a.networker.stats().opened).toBe(2)
  })

  it('is within reach all the while that it is moved, and loses no message', async () => {
    const a = world.node('a')
    const b = world.node('b', { path: 'relayed' })
    const got: string[] = []
    a.networker.registerExtension<string>('words', {
      encoding: 'utf-8',
      onmessage: (word, peer) => {
        expect(a.networker.peers.has(peer)).toBe(true)
        got.push(word)
      },
    })
    const words = b.networker.registerExtension<string>('words', { encoding: 'utf-8' })
    await a.networker.configure(topic, { lookup: false })
    await b.networker.configure(topic, { announce: false })
    const seen: number[] = []
    for (const { networker } of [a, b])
      for (const event of ['peer-remove', 'peer-add', 'stream-closed'] as const)
        networker.addEventListener(event, () => seen.push(networker.peers.size))
    world.network.mend('nobody')
    let sent = 0
    await expectSoon(() => {
      expect(words.broadcast(String(sent++))).toBe(1)
      return [a, b].every((node) => count(node, 'stream-closed b') + count(node, 'stream-closed a') === 1)
    })
    await expectSoon(() => got.length === sent)
    expect([...got].sort()).toEqual(Array.from({ length: sent }, (_, at) => String(at)).sort())
    expect(seen).toEqual(seen.map(() => 1))
    expect([a.peer('b')?.type, b.peer('a')?.type]).toEqual(['direct', 'direct'])
  })

  it('that was started anew is linked anew, although the old link has not ended', async () => {
    for (const [old, restarted] of [
      ['a', 'b'],
      ['z', 'y'],
    ] as const) {
      const stays = world.node(old)
      const before = world.node(restarted)
      await stays.networker.configure(topic, { lookup: false })
      await before.networker.configure(topic)
      const link = stays.peer(restarted)
      // The process is gone, and nobody said so: a new one comes under the same id.
      const after = world.node(restarted)
      await after.networker.configure(topic, { announce: false })
      await expectSoon(() => after.peer(old) !== undefined && stays.peer(restarted) !== link)
      expect([stays, after].map(({ networker }) => networker.peers.size)).toEqual([1, 1])
      await Promise.all([stays, before, after].map(({ networker }) => networker.close()))
    }
  })

  it('is never this node itself', async () => {
    const a = world.node('a')
    world.directory.list(topic.id, 'a')
    await a.networker.configure(topic)
    expect(a.networker.stats().dials).toBe(0)
    const stream = await a.net.open('a', '/cairn/networker/1.0.0')
    while ((await stream.read()) !== undefined);
    await stream.closeWrite()
    expect(a.networker.peers.size).toBe(0)
  })
})

describe('topics of a linked peer', () => {
  it('that are joined or left later are told on the same stream', async () => {
    const a = world.node('a')
    const b = world.node('b')
    await a.networker.configure(topic)
    await b.networker.configure(topic)
    await a.networker.configure(other, { lookup: false, announce: true })
    await b.networker.configure(other, { announce: true, lookup: false })
    await expectSoon(() => a.peer('b')?.topics.length === 2 && b.peer('a')?.topics.length === 2)
    expect(a.networker.stats().opened).toBe(1)
    await a.networker.configure(topic, { announce: false, lookup: false })
    await expectSoon(() => b.peer('a')?.topics.length === 1)
    expect(b.peer('a')?.topics).toEqual([other])
    expect(b.networker.status(topic)?.linked).toBe(0)
    expect(a.log).toContain('peer-topics b')
  })

  it('configured while the handshake is under way are not lost', async () => {
    const admit = Promise.withResolvers<void>()
    const a = world.node('a', { authenticate: () => admit.promise })
    const b = world.node('b')
    await a.networker.configure(topic)
    const configured = b.networker.configure(topic)
    await expectSoon(() => a.networker.stats().processing > 0)
    const late = [a, b].map(({ networker }) => networker.configure(other))
    admit.resolve()
    await Promise.all([configured, ...late])
    await expectSoon(() => a.peer('b')?.topics.length === 2 && b.peer('a')?.topics.length === 2)
  })
})

describe('onauthenticate', () => {
  it('turns a peer away before it is told anything, and is not asked again soon', async () => {
    const asked: [Uint8Array, string][] = []
    const a = world.node('a', {
      authenticate: async (key, peer) => {
        asked.push([key, peer])
        if (peer === 'b') throw new Error('not you')
      },
    })
    const b = world.node('b')
    const c = world.node('c')
    await a.networker.configure(topic)
    await b.networker.configure(topic)
    await c.networker.configure(topic)
    await settle()
    expect(asked).toEqual([
      [utf8('b'), 'b'],
      [utf8('c'), 'c'],
    ])
    expect(a.peer('b')).toBeUndefined()
    expect(a.peer('c')).toBeDefined()
    expect(b.log).toContain('replication-error a')
    for (let i = 0; i < 8; i++) {
      world.timers.advance(15_000)
      await settle()
    }
    expect(a.networker.stats().dials).toBe(0)
    expect(asked).toHaveLength(2)
  })

  it('turns a peer away with false as well', async () => {
    const a = world.node('a')
    const b = world.node('b', { authenticate: async () => false })
    await a.networker.configure(topic)
    await b.networker.configure(topic)
    await settle()
    expect(a.networker.peers.size + b.networker.peers.size).toBe(0)
  })

  it('that takes too long ends with the handshake', async () => {
    const a = world.node('a', { authenticate: () => Promise.withResolvers<void>().promise })
    const b = world.node('b')
    await a.networker.configure(topic)
    const configured = b.networker.configure(topic, { announce: false })
    await expectSoon(() => a.networker.stats().processing > 0)
    world.timers.advance(15_000)
    await configured
    expect(b.networker.flushed(topic)).toBe(true)
    expect(b.networker.peers.size).toBe(0)
  })
})

describe('a ban', () => {
  it('ends the link, refuses the peer until it is over, and outlives a restart', async () => {
    const store = createMemoryStore()
    const a = world.node('a', { store })
    const b = world.node('b')
    await a.networker.configure(topic)
    await b.networker.configure(topic)
    const until_ = world.timers.clock.now() + 60_000
    await a.networker.ban('b', { until: until_, reason: 'rude' })
    expect(a.networker.peers.size).toBe(0)
    expect(a.networker.bans()).toEqual([{ peer: 'b', until: until_, reason: 'rude' }])
    await a.networker.close()

    const again = world.node('a', { store })
    await again.networker.listen()
    expect(again.networker.bans()).toEqual([{ peer: 'b', until: until_, reason: 'rude' }])
    await again.networker.configure(topic)
    await settle()
    expect(again.networker.stats().dials).toBe(0)
    expect(b.networker.peers.size).toBe(0)
    world.timers.advance(60_000)
    await again.networker.configure(topic)
    await expectSoon(() => again.peer('b') !== undefined)
    expect(again.networker.bans()).toEqual([])
    await expectSoon(() => store.rows.size === 1)
  })

  it('of who broke the rules ends with the clock put right, one by hand lasts as long as was said', async () => {
    const store = createMemoryStore()
    const a = world.node('a', { store })
    await a.networker.configure(topic)
    // The clock is a year ahead.
    world.timers.advance(365 * 24 * 3_600_000)
    const until_ = world.timers.clock.now() + 60_000
    await a.networker.ban('c', { until: until_, reason: 'rude' })
    const stream = await world.network.node('b').open('a', NETWORKER_PROTOCOL)
    await writeMessage(stream, { type: 'secret-key-please' })
    await expectSoon(() => a.networker.bans().length === 2)
    await expectSoon(() => [...store.rows.keys()].filter((it) => it.startsWith('ban/')).length === 2)
    await a.networker.close()

    const right = createManualTimers()
    const again = world.node('a', { store, timers: right, clock: right.clock })
    await again.networker.listen()
    expect(again.networker.bans()).toEqual([{ peer: 'c', until: until_, reason: 'rude' }])
    await again.networker.close()
  })

  it('without an end is lifted by hand', async () => {
    const a = world.node('a')
    const b = world.node('b')
    await a.networker.ban('b')
    await a.networker.listen()
    await b.networker.configure(topic)
    world.timers.advance(365 * 24 * 3_600_000)
    expect(a.networker.bans()).toMatchObject([{ peer: 'b', until: undefined }])
    await a.networker.unban('b')
    await a.networker.configure(topic)
    await expectSoon(() => a.peer('b') !== undefined)
  })

  it('makes way for others when the list is full: the one that ends first goes', async () => {
    const a = world.node('a', { limits: { bans: 2 } })
    await a.networker.listen()
    const now = world.timers.clock.now()
    await a.networker.ban('for-good')
    await a.networker.ban('soon', { until: now + 1000 })
    await a.networker.ban('late', { until: now + 9000 })
    expect(a.networker.bans().map(({ peer }) => peer)).toEqual(['for-good', 'late'])
  })
})

describe('limits', () => {
  it('a node that is full says so, and takes a peer when a place is free', async () => {
    const a = world.node('a', { limits: { links: 1 } })
    const b = world.node('b')
    const c = world.node('c')
    await a.networker.configure(topic, { lookup: false })
    await b.networker.configure(topic, { announce: false })
    await c.networker.configure(topic, { announce: false })
    expect([...a.networker.peers].map(({ id }) => id)).toEqual(['b'])
    expect(c.networker.flushed(topic)).toBe(true)
    await b.networker.close()
    world.timers.advance(1000)
    await expectSoon(() => a.peer('c') !== undefined)
  })

  it('a node that is full opens no more', async () => {
    for (const id of ['b', 'c', 'd']) await world.node(id).networker.configure(topic, { lookup: false })
    const a = world.node('a', { limits: { links: 2 } })
    await a.networker.configure(topic, { announce: false })
    expect(a.networker.stats()).toMatchObject({ links: 2, opened: 2, failedDials: 1 })
  })

  it('whoever shares nothing makes way', async () => {
    const a = world.node('a', { limits: { links: 1 } })
    const b = world.node('b')
    const c = world.node('c')
    world.directory.list(other.id, 'a')
    await a.networker.configure(topic, { lookup: false })
    await b.networker.configure(other)
    expect(a.peer('b')?.topics).toEqual([])
    await c.networker.configure(topic)
    await expectSoon(() => a.peer('c') !== undefined)
    expect(a.peer('b')).toBeUndefined()
  })

  it('whoever shares nothing is let go after a while, and does not come back at once', async () => {
    const a = world.node('a')
    const b = world.node('b')
    world.directory.list(other.id, 'a')
    await a.networker.configure(topic, { lookup: false })
    await b.networker.configure(other)
    expect(a.networker.peers.size).toBe(1)
    world.timers.advance(30_000)
    await expectSoon(() => a.networker.peers.size === 0 && b.networker.peers.size === 0)
    world.timers.advance(60_000)
    await settle()
    expect(a.networker.stats().opened).toBe(1)
  })

  it('no more peers are opened at once than may be', async () => {
    let open = 0
    let most = 0
    const gate = Promise.withResolvers<void>()
    for (let i = 0; i < 20; i++) world.directory.list(topic.id, `peer${i}`)
    const a = world.node('a', {
      limits: { dials: 3 },
      wrap: (net) => ({
        ...net,
        async open(peer) {
          most = Math.max(most, ++open)
          await gate.promise
          open--
          throw new Error(`no ${peer}`)
        },
      }),
    })
    const configured = a.networker.configure(topic)
    await expectSoon(() => open === 3)
    gate.resolve()
    await configured
    expect(most).toBe(3)
    expect(a.networker.stats()).toMatchObject({ dials: 20, failedDials: 20 })
  })

  it('no more peers are remembered than may be; who failed makes way', async () => {
    for (let i = 0; i < 5; i++) world.directory.list(topic.id, `peer${i}`)
    const a = world.node('a', { limits: { known: 2 } })
    await a.networker.configure(topic)
    expect(a.networker.stats().known).toBe(2)
    const b = world.node('b')
    await b.networker.configure(topic, { lookup: false })
    world.timers.advance(300)
    await expectSoon(() => a.peer('b') !== undefined)
    expect(a.networker.stats().known).toBe(2)
  })
})
