import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { repoTopic, secretTopic } from '../topics.ts'
import { createWorld, settle, expectSoon, type World } from './testing/world.ts'

const topic = repoTopic('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
const other = secretTopic(new Uint8Array(32).fill(3))
const third = repoTopic('did:plc:cccccccccccccccccccccccc')
let world: World
beforeEach(() => {
  world = createWorld()
})
afterEach(async () => {
  await world.end()
})

describe('replicate', () => {
  it('that was done is told when the topic is left, and when the peer goes', async () => {
    const a = world.node('a')
    const b = world.node('b')
    await a.networker.configure(topic)
    await b.networker.configure(topic)
    await a.networker.configure(other)
    await b.networker.configure(other)
    await expectSoon(() => a.replicated.length === 2)
    await settle()
    const [one, two] = a.replicated
    expect([one?.signal.aborted, two?.signal.aborted]).toEqual([false, false])
    await b.networker.configure(other, { announce: false, lookup: false })
    await expectSoon(() => two?.signal.aborted === true)
    expect(one?.signal.aborted).toBe(false)
    await b.networker.close()
    await expectSoon(() => one?.signal.aborted === true)
  })

  it('is called on both sides for each peer with what is shared, without another call', async () => {
    const a = world.node('a')
    const b = world.node('b')
    const c = world.node('c')
    await a.networker.configure(topic)
    await a.networker.configure(other)
    await b.networker.configure(topic)
    await b.networker.configure(other)
    await b.networker.configure(third)
    await c.networker.configure(topic)
    await settle()
    const calls = (node: typeof a) =>
      node.replicated.flatMap(({ peer, topics }) => topics.map((id) => `${peer.id} ${id}`)).sort()
    const one = toHex(topic.id)
    const two = toHex(other.id)
    expect(calls(a)).toEqual([`b ${one}`, `b ${two}`, `c ${one}`].sort())
    expect(calls(b)).toEqual([`a ${one}`, `a ${two}`, `c ${one}`].sort())
    expect(calls(c)).toEqual([`a ${one}`, `b ${one}`])
  })

  it('is given all topics shared with a new peer at once, and later ones as they come', async () => {
    const a = world.node('a')
    const b = world.node('b')
    for (const it of [topic, other]) await b.networker.configure(it, { lookup: false })
    for (const it of [topic, other]) await a.networker.configure(it, { announce: false, flush: false })
    await expectSoon(() => a.replicated.length > 0)
    const before = a.replicated.flatMap(({ topics }) => topics).length
    expect(before).toBe(2)
    await a.networker.configure(third, { announce: false })
    await b.networker.configure(third, { lookup: false })
    await expectSoon(() => a.replicated.length > 1 && b.replicated.length > 1)
    expect(a.replicated.at(-1)?.topics).toEqual([toHex(third.id)])
  })

  it('that fails is told of and called again after a growing pause', async () => {
    let calls = 0
    const a = world.node('a', {
      replicate: async () => {
        if (++calls < 4) throw new Error(`try ${calls}`)
      },
    })
    const b = world.node('b')
    const told: unknown[] = []
    a.networker.addEventListener('replication-error', ({ detail }) => told.push(detail))
    await b.networker.configure(topic, { lookup: false })
    await a.networker.configure(topic)
    for (const [tries, ms] of [
      [1, 1000],
      [2, 2000],
      [3, 4000],
    ] as const) {
      await expectSoon(() => told.length === tries)
      expect(told.at(-1)).toMatchObject({ error: { message: `try ${tries}` }, peer: 'b', topics: [topic] })
      world.timers.advance(ms / 2 - 1)
      await settle()
      expect(calls).toBe(tries)
      world.timers.advance(ms / 2 + 1)
      await expectSoon(() => calls === tries + 1)
    }
    await settle()
    expect(told).toHaveLength(3)
    expect(a.networker.stats()).toMatchObject({ replications: 4, failedReplications: 3 })
    expect(a.peer('b')).toBeDefined()
  })

  it('that fails for one peer does not hold up another', async () => {
    const done: string[] = []
    const a = world.node('a', {
      replicate: async ({ id }) => {
        if (id === 'b') throw new Error('no')
        done.push(id)
      },
    })
    for (const id of ['b', 'c']) await world.node(id).networker.configure(topic, { lookup: false })
    await a.networker.configure(topic)
    await expectSoon(() => done.includes('c') && a.log.includes('replication-error b'))
  })

  it('that throws at once, or something that is no error, is told of as well', async () => {
    const a = world.node('a', {
      replicate: () => {
        // A caller in JavaScript may throw anything.
        // oxlint-disable-next-line typescript/only-throw-error
        throw 'text'
      },
    })
    const told: string[] = []
    a.networker.addEventListener('replication-error', ({ detail }) => told.push(detail.error.message))
    await world.node('b').networker.configure(topic, { lookup: false })
    await a.networker.configure(topic)
    await expectSoon(() => told.length === 1)
    expect(told).toEqual(['text'])
  })

  it('is not called for a peer that comes back before its pause is over', async () => {
    let calls = 0
    const a = world.node('a', {
      replicate: async () => {
        calls++
        throw new Error('lies')
      },
      limits: { firstBackOffMs: 60_000 },
    })
    const b = world.node('b')
    await a.networker.configure(topic, { lookup: false })
    await b.networker.configure(topic, { announce: false })
    await expectSoon(() => calls === 1)
    b.peer('a')?.stream.destroy()
    await expectSoon(() => a.networker.peers.size === 0)
    world.timers.advance(1000)
    await expectSoon(() => a.peer('b') !== undefined)
    await settle()
    expect(calls).toBe(1)
    world.timers.advance(29_000)
    await settle()
    world.timers.advance(30_000)
    await expectSoon(() => calls === 2)
  })

  it('is not paused for longer than any pause when the clock is set back meanwhile', async () => {
    let calls = 0
    let back = 0
    const a = world.node('a', {
      clock: { now: () => world.timers.clock.now() - back },
      replicate: async () => {
        calls++
        throw new Error('lies')
      },
      limits: { firstBackOffMs: 60_000, maxBackOffMs: 60_000 },
    })
    const b = world.node('b')
    await a.networker.configure(topic, { lookup: false })
    await b.networker.configure(topic, { announce: false })
    await expectSoon(() => calls === 1)
    b.peer('a')?.stream.destroy()
    await expectSoon(() => a.networker.peers.size === 0)
    back = 3_600_000
    world.timers.advance(1000)
    await expectSoon(() => a.peer('b') !== undefined)
    await settle()
    world.timers.advance(60_000)
    await expectSoon(() => calls === 2)
  })

  it('is ended when the peer goes', async () => {
    const hold = Promise.withResolvers<void>()
    const signals: AbortSignal[] = []
    const a = world.node('a', {
      replicate: (_peer, _topics, signal) => {
        signals.push(signal)
        return hold.promise
      },
    })
    const b = world.node('b')
    await a.networker.configure(topic)
    await b.networker.configure(topic)
    await expectSoon(() => signals.length === 1)
    expect(signals[0]?.aborted).toBe(false)
    await b.networker.close()
    await expectSoon(() => signals[0]?.aborted === true)
    hold.reject(new Error('too late to matter'))
    await settle()
    expect(a.log).not.toContain('replication-error b')
  })

  it('is ended when the last of its topics is no longer shared', async () => {
    const signals: AbortSignal[] = []
    const a = world.node('a', {
      replicate: (_peer, _topics, signal) => {
        signals.push(signal)
        return Promise.withResolvers<void>().promise
      },
    })
    const b = world.node('b')
    await a.networker.configure(topic)
    await b.networker.configure(topic)
    await expectSoon(() => signals.length === 1)
    await b.networker.configure(topic, { announce: false, lookup: false })
    await expectSoon(() => signals[0]?.aborted === true)
    expect(a.peer('b')).toBeDefined()
  })

  it('is called again for a peer that was away', async () => {
    const a = world.node('a')
    const b = world.node('b')
    await a.networker.configure(topic)
    await b.networker.configure(topic)
    await expectSoon(() => a.replicated.length === 1 && b.replicated.length === 1)
    world.network.cut('b')
    await expectSoon(() => a.networker.peers.size === 0 && b.networker.peers.size === 0)
    world.network.mend('b')
    world.timers.advance(1000)
    await expectSoon(() => a.replicated.length === 2 && b.replicated.length === 2)
  })
})

describe('a lost peer', () => {
  it('is tried again after a growing, scattered pause', async () => {
    const a = world.node('a')
    const b = world.node('b')
    await b.networker.configure(topic, { lookup: false })
    await a.networker.configure(topic, { announce: false })
    await settle()
    world.network.cut('b')
    await expectSoon(() => a.networker.peers.size === 0)
    const dials = () => a.networker.stats().dials
    for (const [tries, ms] of [
      [2, 1000],
      [3, 2000],
      [4, 4000],
    ] as const) {
      world.timers.advance(ms / 2 - 1)
      await settle()
      expect(dials()).toBe(tries - 1)
      world.timers.advance(ms / 2 + 1)
      await expectSoon(() => dials() === tries)
      await settle()
    }
  })

  it('whose link had been stable is tried after the shortest pause again', async () => {
    const a = world.node('a')
    const b = world.node('b')
    await b.networker.configure(topic, { lookup: false })
    await a.networker.configure(topic, { announce: false })
    await settle()
    world.network.cut('b')
    for (let i = 0; i < 6; i++) {
      world.timers.advance(60_000)
      await settle()
    }
    world.network.mend('b')
    world.timers.advance(60_000)
    await expectSoon(() => a.peer('b') !== undefined)
    for (let i = 0; i < 3; i++) {
      world.timers.advance(20_000)
      await settle()
    }
    world.network.cut('b')
    await expectSoon(() => a.networker.peers.size === 0)
    const { dials } = a.networker.stats()
    world.timers.advance(1000)
    await expectSoon(() => a.networker.stats().dials === dials + 1)
  })

  it('is tried at once when the network is back', async () => {
    const a = world.node('a')
    const b = world.node('b')
    await b.networker.configure(topic, { lookup: false })
    await a.networker.configure(topic, { announce: false })
    await settle()
    world.network.cut('a')
    await expectSoon(() => a.networker.peers.size === 0)
    world.network.mend('a')
    await expectSoon(() => a.peer('b') !== undefined)
  })

  it('that says nothing for too long is given up', async () => {
    const a = world.node('a')
    const b = world.node('b')
    await b.networker.configure(topic, { lookup: false })
    await a.networker.configure(topic, { announce: false })
    await settle()
    for (let i = 0; i < 10; i++) {
      world.timers.advance(30_000)
      await settle()
    }
    expect(a.log).not.toContain('peer-remove b')
    expect(a.peer('b')).toBeDefined()
    // No turn of the event loop in between: nothing of the other side's comes through.
    world.timers.advance(90_000)
    await expectSoon(() => a.log.includes('peer-remove b'))
    expect(a.log).toContain('replication-error b')
  })
})
