import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { repoTopic } from '../topics.ts'
import { createWorld, settle, expectSoon, type World } from './testing/world.ts'

const topic = repoTopic('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
let world: World
beforeEach(() => {
  world = createWorld()
})
afterEach(async () => {
  await world.end()
})

describe('flushed', () => {
  it('is true, and configure resolves, when all found peers are linked', async () => {
    const others = ['b', 'c', 'd'].map((id) => world.node(id))
    for (const { networker } of others) await networker.configure(topic)
    const a = world.node('a')
    const flushedAt: number[] = []
    a.networker.addEventListener('flushed', () => flushedAt.push(a.networker.peers.size))
    await a.networker.configure(topic)
    expect(a.networker.flushed(topic)).toBe(true)
    expect(a.networker.peers.size).toBe(3)
    expect(flushedAt).toEqual([3])
    for (const { networker } of others) expect(networker.peers.size).toBe(3)
  })

  it('waits for a handshake that is under way', async () => {
    const admit = Promise.withResolvers<void>()
    const b = world.node('b')
    await b.networker.configure(topic)
    const a = world.node('a', { authenticate: () => admit.promise })
    const configured = a.networker.configure(topic)
    await expectSoon(() => a.networker.stats().processing > 0)
    await settle()
    expect(a.networker.flushed(topic)).toBe(false)
    admit.resolve()
    await configured
    expect(a.networker.flushed(topic)).toBe(true)
    expect(a.peer('b')).toBeDefined()
  })

  it('waits for a handshake that the other side began', async () => {
    const admit = Promise.withResolvers<void>()
    const a = world.node('a', { authenticate: () => admit.promise })
    const b = world.node('b')
    await a.networker.listen()
    world.directory.list(topic.id, 'a')
    const other = b.networker.configure(topic)
    await expectSoon(() => a.networker.stats().processing > 0)
    const configured = a.networker.configure(topic, { lookup: false })
    await settle()
    expect(a.networker.flushed(topic)).toBe(false)
    admit.resolve()
    await Promise.all([configured, other])
    expect(a.peer('b')).toBeDefined()
  })

  it('counts a peer that cannot be reached as tried', async () => {
    world.directory.list(topic.id, 'nobody')
    const a = world.node('a')
    await a.networker.configure(topic)
    expect(a.networker.flushed(topic)).toBe(true)
    expect(a.networker.status(topic)).toMatchObject({ found: 1, linked: 0 })
    expect(a.networker.stats()).toMatchObject({ dials: 1, failedDials: 1 })
  })

  it('is not waited for with flush false', async () => {
    world.directory.gate = Promise.withResolvers<void>().promise
    const a = world.node('a')
    await a.networker.configure(topic, { flush: false })
    expect(a.networker.joined(topic)).toBe(true)
    expect(a.networker.flushed(topic)).toBe(false)
  })

  it('stops when the topic is left meanwhile', async () => {
    const answer = Promise.withResolvers<void>()
    world.directory.gate = answer.promise
    world.directory.list(topic.id, 'nobody')
    const a = world.node('a')
    const configured = a.networker.configure(topic)
    await expectSoon(() => world.directory.calls.includes('lookup a'))
    const left = a.networker.configure(topic, { announce: false, lookup: false })
    await expect(configured).rejects.toMatchObject({ code: 'net.cancelled' })
    await left
    answer.resolve()
    await settle()
    expect(a.networker.flushed(topic)).toBe(false)
    expect(a.networker.stats()).toMatchObject({ known: 0, dials: 0 })
    expect(a.log).not.toContain('flushed')
  })

  it('is reset when the topic is left', async () => {
    const a = world.node('a')
    await a.networker.configure(topic)
    expect(a.networker.flushed(topic)).toBe(true)
    await a.networker.configure(topic, { announce: false, lookup: false })
    expect(a.networker.flushed(topic)).toBe(false)
  })

  it('without a relay fails, keeps the topic, and comes after the pause when one is back', async () => {
    world.directory.away = true
    const a = world.node('a')
    await expect(a.networker.configure(topic)).rejects.toMatchObject({ code: 'net.no-relay' })
    expect(a.networker.status(topic)).toMatchObject({ flushed: false, error: { code: 'net.no-relay' } })
    expect(a.log).toEqual(['joined', 'topic-error'])
    world.directory.away = false
    world.timers.advance(1000)
    await expectSoon(() => a.networker.flushed(topic))
    expect(a.networker.status(topic)?.error).toBeUndefined()
  })

  it('without a relay comes at once when the network is back', async () => {
    const a = world.node('a')
    world.node('b')
    world.network.cut('a')
    world.directory.away = true
    await expect(a.networker.configure(topic)).rejects.toMatchObject({ code: 'net.no-relay' })
    world.directory.away = false
    world.network.mend('a')
    await expectSoon(() => a.networker.flushed(topic))
  })

  it('is given up when the directory does not answer in time', async () => {
    world.directory.gate = Promise.withResolvers<void>().promise
    const a = world.node('a')
    const configured = a.networker.configure(topic)
    await expectSoon(() => world.directory.calls.includes('lookup a'))
    world.timers.advance(10_000)
    await expect(configured).rejects.toMatchObject({ code: 'net.timeout' })
  })

  it('comes again after rejoining', async () => {
    const a = world.node('a')
    await a.networker.configure(topic)
    await a.networker.configure(topic)
    expect(a.log).toEqual(['joined', 'flushed', 'flushed'])
  })
})

describe('looking up', () => {
  it('finds whoever comes later, by watching', async () => {
    const a = world.node('a')
    await a.networker.configure(topic)
    const b = world.node('b')
    await b.networker.configure(topic, { lookup: false })
    await settle()
    expect(a.networker.stats().dials).toBe(0)
    // Time enough for it to have come by itself.
    world.timers.advance(300)
    await expectSoon(() => a.peer('b') !== undefined)
  })

  it('is done again from time to time', async () => {
    const a = world.node('a')
    await a.networker.configure(topic)
    world.timers.advance(6.25 * 60_000)
    await expectSoon(() => world.directory.calls.filter((call) => call === 'lookup a').length === 2)
    await settle()
    expect(a.networker.flushed(topic)).toBe(true)
    expect(a.log.filter((name) => name === 'flushed')).toHaveLength(1)
  })

  it('tries a peer that is announced somewhere else without waiting out its pause', async () => {
    world.directory.list(topic.id, 'nobody')
    const a = world.node('a')
    await a.networker.configure(topic)
    expect(a.networker.stats().dials).toBe(1)
    world.directory.list(topic.id, 'nobody')
    world.timers.advance(300)
    await settle()
    expect(a.networker.stats().dials).toBe(1)
    world.directory.list(topic.id, 'nobody', '/memory/elsewhere')
    world.timers.advance(300)
    await expectSoon(() => a.networker.stats().dials === 2)
  })

  it('forgets a peer that cannot be reached and is no longer announced', async () => {
    world.directory.list(topic.id, 'nobody')
    const a = world.node('a')
    await a.networker.configure(topic)
    world.directory.listed.clear()
    for (let minutes = 0; minutes < 55; minutes += 5) {
      world.timers.advance(5 * 60_000)
      await settle(5)
    }
    expect(a.networker.status(topic)?.found).toBe(1)
    for (let minutes = 0; minutes < 15; minutes += 5) {
      world.timers.advance(5 * 60_000)
      await settle(5)
    }
    expect(a.networker.status(topic)?.found).toBe(0)
  })

  it('stops when the topic is left', async () => {
    const a = world.node('a')
    await a.networker.configure(topic)
    await a.networker.configure(topic, { announce: false, lookup: false })
    world.directory.list(topic.id, 'b')
    await settle()
    expect(a.networker.stats()).toMatchObject({ known: 0, dials: 0 })
  })
})
