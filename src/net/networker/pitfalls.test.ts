import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { repoTopic } from '../topics.ts'
import { createMemoryStore, createWorld, settle, expectSoon, type World } from './testing/world.ts'

/** What is known to go wrong in networkers of this kind; each has shown that it does not here. */

const topic = repoTopic('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
const other = repoTopic('did:plc:bbbbbbbbbbbbbbbbbbbbbbbb')
const off = { announce: false, lookup: false }
let world: World
beforeEach(() => {
  world = createWorld()
})
afterEach(async () => {
  await world.end()
})

describe('not here:', () => {
  it('connections from loopback are refused and left open', async () => {
    const b = world.node('b')
    const local = world.node('a', {
      wrap: (net) => ({
        ...net,
        connections: () => net.connections().map((it) => ({ ...it, address: '/ip4/127.0.0.1/tcp/4001' })),
      }),
    })
    await local.networker.configure(topic)
    await b.networker.configure(topic)
    expect(local.peer('b')?.remoteAddress).toBe('/ip4/127.0.0.1/tcp/4001')
  })

  it('flushed stays true after a topic is left', async () => {
    const a = world.node('a')
    await a.networker.configure(topic)
    await a.networker.configure(topic, off)
    expect(a.networker.flushed(topic)).toBe(false)
    world.directory.gate = Promise.withResolvers<void>().promise
    await a.networker.configure(topic, { flush: false })
    expect(a.networker.flushed(topic)).toBe(false)
  })

  it('configure resolves before flushed is true', async () => {
    const a = world.node('a')
    const b = world.node('b')
    await a.networker.configure(topic)
    await b.networker.configure(topic)
    expect([a, b].map(({ networker }) => [networker.flushed(topic), networker.peers.size])).toEqual([
      [true, 1],
      [true, 1],
    ])
  })

  it('topics and settings outlive close', async () => {
    const a = world.node('a')
    await a.networker.configure(topic)
    await a.networker.close()
    expect(a.networker.joined(topic)).toBe(false)
    expect(a.networker.status(topic)).toBeUndefined()
    expect(a.networker.allStatuses()).toEqual([])
  })

  it('destroyed extensions are kept', async () => {
    const a = world.node('a', { limits: { extensions: 1 } })
    for (let i = 0; i < 5; i++) a.networker.registerExtension(`x${i}`, {}).destroy()
    expect(a.networker.registerExtension('last', {}).name).toBe('last')
  })

  it('two peers with one key are there for a moment', async () => {
    for (const [first, second] of [
      ['a', 'b'],
      ['y', 'x'],
    ] as const) {
      const one = world.node(first)
      const seen: number[] = []
      for (const event of ['peer-add', 'peer-remove'] as const)
        one.networker.addEventListener(event, () => {
          const ids = [...one.networker.peers].map(({ id }) => id)
          seen.push(ids.length - new Set(ids).size)
        })
      await one.networker.configure(topic)
      // Started anew again and again, and each time the old link is still there.
      for (let i = 0; i < 4; i++) await world.node(second).networker.configure(topic)
      await settle()
      expect(one.log.filter((it) => it === `peer-add ${second}`).length).toBeGreaterThan(1)
      expect(seen.every((twice) => twice === 0)).toBe(true)
      await one.networker.close()
    }
  })

  it('what is shared with one peer is replicated with all', async () => {
    const a = world.node('a', { mayShare: (peer, it) => it.id.join() !== other.id.join() || peer === 'b' })
    const b = world.node('b')
    const c = world.node('c')
    for (const { networker } of [a, b, c]) for (const it of [topic, other]) await networker.configure(it)
    await settle()
    expect(a.peer('b')?.topics).toHaveLength(2)
    expect(a.peer('c')?.topics).toEqual([topic])
    expect(c.peer('a')?.topics).toEqual([topic])
    expect(a.replicated.filter(({ peer }) => peer.id === 'c').flatMap(({ topics }) => topics)).toHaveLength(1)
  })

  it('whoever knows the announced topic alone is taken for one who holds its secret', async () => {
    const a = world.node('a')
    const outsider = world.node('outsider')
    await a.networker.configure(topic)
    await outsider.networker.configure(topic.id)
    await settle()
    expect(a.peer('outsider')?.topics).toEqual([])
    expect(a.replicated).toEqual([])
  })

  it('an error of one peer ends the others, or the process', async () => {
    const a = world.node('a', {
      authenticate: async (_, peer) => {
        if (peer === 'b') throw new Error('broken hook')
      },
      replicate: (peer) => Promise.reject(new Error(`broken ${peer.id}`)),
    })
    await a.networker.configure(topic)
    for (const id of ['b', 'c', 'd']) await world.node(id).networker.configure(topic)
    await settle()
    expect([...a.networker.peers].map(({ id }) => id)).toEqual(['c', 'd'])
    world.network.cut('c')
    await expectSoon(() => a.networker.peers.size === 1)
    expect(a.log).toContain('replication-error c')
    expect(a.peer('d')).toBeDefined()
  })

  it('settings must be given again after a restart', async () => {
    const store = createMemoryStore()
    const before = world.node('a', { store })
    await before.networker.configure(topic)
    await before.networker.close()
    const b = world.node('b')
    await b.networker.configure(topic)
    const after = world.node('a', { store })
    await after.networker.listen()
    await expectSoon(() => after.peer('b') !== undefined)
    expect(after.networker.self).toBe(before.networker.self)
  })

  it('a peer with two addresses is added twice', async () => {
    const b = world.node('b')
    const twice = world.node('a', {
      wrap: (net) => ({
        ...net,
        connections: () =>
          net.connections().flatMap((it) => [
            { ...it, address: '/ip4/192.0.2.1/tcp/1' },
            { ...it, address: '/ip6/::ffff:192.0.2.1/tcp/1' },
          ]),
      }),
    })
    await twice.networker.configure(topic)
    await b.networker.configure(topic)
    await settle()
    expect(twice.log.filter((it) => it === 'peer-add b')).toHaveLength(1)
  })
})
