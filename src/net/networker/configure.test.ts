import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { repoTopic, secretTopic } from '../topics.ts'
import { createMemoryStore, createWorld, settle, expectSoon, type World } from './testing/world.ts'

const topic = repoTopic('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
const other = secretTopic(new Uint8Array(32).fill(7))
let world: World
beforeEach(() => {
  world = createWorld()
})
afterEach(async () => {
  await world.end()
})

describe('configure', () => {
  it('does nothing on the network before listen or the first configure', async () => {
    const a = world.node('a')
    const b = world.node('b')
    await expect(b.net.open('a', '/cairn/networker/1.0.0')).rejects.toMatchObject({ code: 'net.unsupported' })
    expect(world.timers.pending()).toEqual([])
    expect(world.directory.calls).toEqual([])
    await a.networker.listen()
    const stream = await b.net.open('a', '/cairn/networker/1.0.0')
    stream.abort()
    expect(world.directory.calls).toEqual([])
  })

  it('takes a topic whole, as bytes or as hexadecimal digits', async () => {
    const a = world.node('a')
    for (const input of [topic, other.id, toHex(new Uint8Array(32).fill(9)).toUpperCase()]) {
      await a.networker.configure(input)
      expect(a.networker.joined(input)).toBe(true)
    }
    expect(a.networker.allStatuses()).toHaveLength(3)
    expect(a.networker.joined(toHex(topic.id))).toBe(true)
  })

  it.each([new Uint8Array(31), 'zz', 'ff', { id: topic.id, secret: new Uint8Array(3) }])(
    'refuses what is no topic (%#)',
    async (input) => {
      const a = world.node('a')
      await expect(a.networker.configure(input)).rejects.toMatchObject({
        code: 'net.malformed',
        fields: { reason: 'topic' },
      })
      expect(a.networker.allStatuses()).toEqual([])
    },
  )

  it('tells `joined` before anything is asked of the directory', async () => {
    const a = world.node('a')
    const callsAtJoin: number[] = []
    a.networker.addEventListener('joined', ({ detail }) => {
      expect(detail.topic).toEqual(topic.id)
      callsAtJoin.push(world.directory.calls.length)
    })
    await a.networker.configure(topic)
    expect(callsAtJoin).toEqual([0])
    expect(world.directory.calls).toEqual(['announce a', 'lookup a'])
  })

  it('announces only, or looks up only, as asked', async () => {
    const a = world.node('a')
    const b = world.node('b')
    await a.networker.configure(topic, { lookup: false })
    await b.networker.configure(topic, { announce: false })
    expect(world.directory.calls).toEqual(['announce a', 'lookup b'])
    expect(b.peer('a')?.id).toBe('a')
    expect(a.networker.status(topic)).toMatchObject({ announce: true, lookup: false, found: 0, linked: 1 })
    expect(b.networker.status(topic)).toMatchObject({ announce: false, lookup: true, found: 1, linked: 1 })
  })

  it('with both false leaves, takes the announcement back and forgets the settings', async () => {
    const store = createMemoryStore()
    const a = world.node('a', { store })
    await a.networker.configure(topic)
    expect(store.rows.size).toBe(1)
    await a.networker.configure(topic, { announce: false, lookup: false })
    expect(world.directory.calls.at(-1)).toBe('unannounce a')
    expect(world.directory.listed.get(toHex(topic.id))?.size).toBe(0)
    expect(a.networker.joined(topic)).toBe(false)
    expect(a.networker.status(topic)).toBeUndefined()
    expect(store.rows.size).toBe(0)
    expect(a.log).toEqual(['joined', 'flushed', 'left'])
  })

  it('with rejoin false and the same settings does nothing; otherwise it announces and looks up anew', async () => {
    const a = world.node('a')
    await a.networker.configure(topic)
    await a.networker.configure(topic, { rejoin: false })
    expect(world.directory.calls).toHaveLength(2)
    await a.networker.configure(topic)
    expect(world.directory.calls).toHaveLength(4)
    await a.networker.configure(topic, { rejoin: false, lookup: false })
    expect(world.directory.calls).toHaveLength(5)
    expect(a.networker.status(topic)?.lookup).toBe(false)
  })

  it('takes an announcement back when only lookup is left', async () => {
    const a = world.node('a')
    await a.networker.configure(topic)
    await a.networker.configure(topic, { announce: false })
    await settle()
    expect(world.directory.calls).toContain('unannounce a')
    expect(world.directory.listed.get(toHex(topic.id))?.size).toBe(0)
  })

  it('refuses topics over the limit', async () => {
    const a = world.node('a', { limits: { topics: 1 } })
    await a.networker.configure(topic)
    await expect(a.networker.configure(other)).rejects.toMatchObject({ code: 'net.limit' })
    expect(a.networker.joined(other)).toBe(false)
  })

  it('with another secret for the same id starts anew', async () => {
    const a = world.node('a')
    const b = world.node('b')
    await a.networker.configure(topic)
    await b.networker.configure(topic)
    expect(a.networker.status(topic)?.linked).toBe(1)
    await a.networker.configure(topic.id)
    await expectSoon(() => a.networker.status(topic)?.linked === 0 && b.networker.status(topic)?.linked === 0)
  })
})

describe('cancelling configure', () => {
  it('before it begins changes nothing', async () => {
    const a = world.node('a')
    const signal = AbortSignal.abort()
    await expect(a.networker.configure(topic, { signal })).rejects.toMatchObject({ code: 'net.cancelled' })
    expect(a.log).toEqual([])
  })

  it('while it waits leaves the topic that it joined', async () => {
    const a = world.node('a')
    world.directory.gate = Promise.withResolvers<void>().promise
    const controller = new AbortController()
    const configured = a.networker.configure(topic, { signal: controller.signal })
    await expectSoon(() => world.directory.calls.includes('lookup a'))
    controller.abort()
    await expect(configured).rejects.toMatchObject({ code: 'net.cancelled' })
    expect(a.networker.joined(topic)).toBe(false)
    expect(world.directory.calls.at(-1)).toBe('unannounce a')
  })

  it('gives back the settings of before', async () => {
    const store = createMemoryStore()
    const a = world.node('a', { store })
    await a.networker.configure(topic, { lookup: false })
    world.directory.gate = Promise.withResolvers<void>().promise
    const controller = new AbortController()
    const configured = a.networker.configure(topic, { announce: false, signal: controller.signal })
    await expectSoon(() => world.directory.calls.includes('lookup a'))
    controller.abort()
    await expect(configured).rejects.toMatchObject({ code: 'net.cancelled' })
    expect(a.networker.status(topic)).toMatchObject({ announce: true, lookup: false })
    expect([...store.rows.values()]).toMatchObject([{ announce: true, lookup: false }])
  })

  it('does not undo what was configured later', async () => {
    const a = world.node('a')
    world.directory.gate = Promise.withResolvers<void>().promise
    const controller = new AbortController()
    const first = a.networker.configure(topic, { signal: controller.signal })
    await expectSoon(() => world.directory.calls.includes('lookup a'))
    const second = a.networker.configure(topic, { announce: false })
    await expectSoon(() => a.networker.status(topic)?.announce === false)
    controller.abort()
    await expect(first).rejects.toMatchObject({ code: 'net.cancelled' })
    expect(a.networker.status(topic)).toMatchObject({ announce: false, lookup: true })
    const closing = a.networker.close()
    await expect(second).rejects.toMatchObject({ code: 'net.closed' })
    await closing
  })
})

describe('what is kept over restarts', () => {
  it('topics, which listen takes up again with their settings', async () => {
    const store = createMemoryStore()
    const before = world.node('a', { store })
    await before.networker.configure(topic, { lookup: false })
    await before.networker.configure(other)
    await before.networker.close()
    expect(before.networker.joined(topic)).toBe(false)

    const after = world.node('a', { store })
    await after.networker.listen()
    expect(after.networker.status(topic)).toMatchObject({ topic, announce: true, lookup: false })
    expect(after.networker.status(other)).toMatchObject({ topic: other, announce: true, lookup: true })
    await expectSoon(() => after.networker.flushed(topic) && after.networker.flushed(other))
  })

  it('rows that make no sense are passed over', async () => {
    const store = createMemoryStore()
    store.rows.set('topic/zz', { id: 'no bytes', announce: true })
    store.rows.set('ban/x', 5)
    store.rows.set('something/else', null)
    const a = world.node('a', { store })
    await a.networker.listen()
    expect(a.networker.allStatuses()).toEqual([])
    expect(a.networker.bans()).toEqual([])
    expect(a.log).toEqual([])
  })

  it('are written in the order they were asked for', async () => {
    const store = createMemoryStore()
    const { save } = store
    const slow = Promise.withResolvers<void>()
    store.save = async (row) => {
      await slow.promise
      await save(row)
    }
    const a = world.node('a', { store })
    const joined = a.networker.configure(topic)
    await expectSoon(() => a.networker.flushed(topic))
    const left = a.networker.configure(topic, { announce: false, lookup: false })
    await settle()
    slow.resolve()
    await Promise.all([joined, left])
    expect(store.rows.size).toBe(0)
  })

  it('a store that fails is told of, and the session goes on', async () => {
    const store = createMemoryStore()
    store.save = () => Promise.reject(new Error('disk full'))
    const a = world.node('a', { store })
    await a.networker.configure(topic)
    expect(a.networker.flushed(topic)).toBe(true)
    expect(a.log).toContain('store-error')
  })
})

describe('close', () => {
  it('leaves every topic, ends every stream and clears everything; again it does no harm', async () => {
    const a = world.node('a')
    const b = world.node('b')
    await a.networker.configure(topic)
    await b.networker.configure(topic)
    const extension = a.networker.registerExtension<Uint8Array>('x', {})
    const closing = a.networker.close()
    expect(a.networker.close()).toBe(closing)
    await closing
    expect(world.directory.listed.get(toHex(topic.id))?.has('a')).toBe(false)
    expect(a.networker.joined(topic)).toBe(false)
    expect(a.networker.flushed(topic)).toBe(false)
    expect(a.networker.allStatuses()).toEqual([])
    expect(a.networker.peers.size).toBe(0)
    expect(a.networker.streams.size).toBe(0)
    expect(a.networker.stats()).toMatchObject({ topics: 0, links: 0, processing: 0, known: 0 })
    expect(() => extension.broadcast(new Uint8Array())).toThrow('net.closed')
    await expectSoon(() => b.networker.peers.size === 0)
    expect(b.log.at(-1)).toBe('stream-closed a')
  })

  it('refuses what comes after it', async () => {
    const a = world.node('a')
    await a.networker.close()
    await expect(a.networker.configure(topic)).rejects.toMatchObject({ code: 'net.closed' })
    await expect(a.networker.listen()).rejects.toMatchObject({ code: 'net.closed' })
    expect(() => a.networker.registerExtension('x', {})).toThrow('net.closed')
  })

  it('ends a configure that waits', async () => {
    const a = world.node('a')
    world.directory.gate = Promise.withResolvers<void>().promise
    const configured = a.networker.configure(topic)
    await expectSoon(() => world.directory.calls.includes('lookup a'))
    const closing = a.networker.close()
    await expect(configured).rejects.toMatchObject({ code: 'net.closed' })
    await closing
  })

  it('is not held up by a directory that does not answer', async () => {
    const a = world.node('a', {
      directory: {
        ...world.directory.of(world.network.node('a')),
        unannounce: () => Promise.withResolvers<void>().promise,
      },
    })
    await a.networker.configure(topic)
    const closing = a.networker.close()
    await settle()
    world.timers.advance(3000)
    await expect(closing).resolves.toBeUndefined()
  })
})
