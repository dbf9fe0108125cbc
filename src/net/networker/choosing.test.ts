import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFrameReader } from '../frames.ts'
import { decodeMessage, writeMessage } from '../messages.ts'
import type { ByteStream, Path } from '../net.ts'
import { repoTopic } from '../topics.ts'
import {
  createWorld,
  type NodeOptions,
  type TestNode,
  expectSoon,
  settle,
  type World,
} from './testing/world.ts'
import { type Message, messageShape, NETWORKER_PROTOCOL } from './wire.ts'

/** The side with the smaller id chooses among links; the other side's part is played by hand. */

let world: World
let b: TestNode
beforeEach(async () => {
  world = createWorld()
  b = world.node('b')
  await b.networker.configure(repoTopic('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'), { lookup: false })
})
afterEach(async () => {
  await world.end()
})

const hello = { type: 'hello', nonce: new Uint8Array(32), last: 0 }
const noTopics = { type: 'topics', add: new Uint8Array(), remove: new Uint8Array() }

interface Hand {
  readonly next: () => Promise<Message>
  readonly end: () => Promise<void>
}

/** Says hello from `z`, and gives what `b` answers after its own. */
async function greet(
  path: Path,
  instance: number,
  last: number,
): Promise<Hand & { readonly answer: Message }> {
  const stream = await world.network.node('z', path).open('b', NETWORKER_PROTOCOL)
  const frames = createFrameReader(stream)
  const next = async () => decodeMessage(await frames.expect(1 << 20), messageShape, 'b')
  await writeMessage(stream, { ...hello, instance: new Uint8Array(16).fill(instance), last })
  expect((await next()).type).toBe('hello')
  const answer = await next()
  if (answer.type === 'use') {
    expect((await next()).type).toBe('topics')
    await writeMessage(stream, noTopics)
    await expectSoon(() => b.networker.peers.size === 1)
  }
  return { answer, next, end: () => stream.closeWrite() }
}

const duplicate = { type: 'bye', reason: 'duplicate' }
const use = (link: number) => ({ type: 'use', link })

describe('a second link of the same session', () => {
  it('that crossed the first is a duplicate', async () => {
    const first = await greet('direct', 1, 0)
    expect(first.answer).toEqual(use(1))
    const second = await greet('direct', 1, 0)
    expect(second.answer).toEqual(duplicate)
    await second.end()
    expect(b.networker.peers.size).toBe(1)
    await first.end()
  })

  it('over a circuit does not replace a direct one that it crossed', async () => {
    const first = await greet('direct', 1, 0)
    const second = await greet('relayed', 1, 0)
    expect(second.answer).toEqual(duplicate)
    await second.end()
    await first.end()
  })

  it('that is direct replaces one over a circuit', async () => {
    const first = await greet('relayed', 1, 0)
    const second = await greet('direct', 1, 0)
    expect(second.answer).toEqual(use(2))
    expect(await first.next()).toEqual({ type: 'bye', reason: 'replaced' })
    expect([...b.networker.peers].map(({ type }) => type)).toEqual(['direct'])
    await Promise.all([first.end(), second.end()])
  })

  it.each(['direct', 'relayed'] as const)(
    'opened by who knows the first one, and so has lost it, replaces it (%s)',
    async (path) => {
      const first = await greet('direct', 1, 0)
      const second = await greet(path, 1, 1)
      expect(second.answer).toEqual(use(2))
      expect(await first.next()).toEqual({ type: 'bye', reason: 'replaced' })
      await Promise.all([first.end(), second.end()])
    },
  )
})

describe('a topic', () => {
  it('that is configured while the other list is on its way is told right after', async () => {
    const stream = await world.network.node('z').open('b', NETWORKER_PROTOCOL)
    const frames = createFrameReader(stream)
    const next = async () => decodeMessage(await frames.expect(1 << 20), messageShape, 'b')
    await writeMessage(stream, { ...hello, instance: new Uint8Array(16).fill(1) })
    for (const type of ['hello', 'use', 'topics']) expect((await next()).type).toBe(type)
    await b.networker.configure(repoTopic('did:plc:bbbbbbbbbbbbbbbbbbbbbbbb'), { flush: false })
    await writeMessage(stream, noTopics)
    const told = await next()
    expect(told.type === 'topics' && [told.add.length, told.remove.length]).toEqual([16, 0])
    await stream.closeWrite()
  })
})

describe('a link of another session', () => {
  it('replaces whatever there was', async () => {
    const first = await greet('direct', 1, 0)
    const second = await greet('relayed', 2, 0)
    expect(second.answer).toEqual(use(2))
    expect(await first.next()).toEqual({ type: 'bye', reason: 'replaced' })
    expect(b.networker.peers.size).toBe(1)
    await Promise.all([first.end(), second.end()])
  })
})

describe('a link that took the place of another and broke off before it was in use', () => {
  it('is made anew', async () => {
    const z = world.network.node('z')
    let dialled = 0
    const read = (stream: ByteStream) => {
      const frames = createFrameReader(stream)
      return async () => decodeMessage(await frames.expect(1 << 20), messageShape, 'c')
    }
    z.handle(NETWORKER_PROTOCOL, async (stream) => {
      dialled++
      const next = read(stream)
      await writeMessage(stream, { ...hello, instance: new Uint8Array(16).fill(1) })
      for (const type of ['hello', 'use', 'topics']) expect((await next()).type).toBe(type)
      await writeMessage(stream, noTopics)
      while ((await stream.read()) !== undefined);
    })
    const topic = repoTopic('did:plc:cccccccccccccccccccccccc')
    const c = world.node('c', { path: 'relayed' })
    world.directory.list(topic.id, 'z')
    await c.networker.configure(topic, { announce: false })
    expect(c.peer('z')?.type).toBe('relayed')
    const direct = await z.open('c', NETWORKER_PROTOCOL)
    // It says that it has lost the one in use, so that one is over at once.
    await writeMessage(direct, { ...hello, instance: new Uint8Array(16).fill(1), last: 1 })
    const next = read(direct)
    expect((await next()).type).toBe('hello')
    expect(await next()).toEqual(use(2))
    await expectSoon(() => c.peer('z') === undefined)
    direct.abort()
    await settle()
    expect(dialled).toBe(1)
    world.timers.advance(1000)
    await expectSoon(() => dialled === 2 && c.peer('z') !== undefined)
  })
})

describe('a better link that is not ready yet', () => {
  it('leaves the one in use as it is when it breaks off', async () => {
    const first = await greet('relayed', 1, 0)
    const stream = await world.network.node('z').open('b', NETWORKER_PROTOCOL)
    const frames = createFrameReader(stream)
    await writeMessage(stream, { ...hello, instance: new Uint8Array(16).fill(1) })
    const said = async () => decodeMessage(await frames.expect(1 << 20), messageShape, 'b')
    expect((await said()).type).toBe('hello')
    expect(await said()).toEqual(use(2))
    expect(b.peer('z')?.type).toBe('relayed')
    stream.abort()
    await settle()
    expect(b.log).not.toContain('peer-remove z')
    // It is the one in use as before: it makes way for the next.
    const third = await greet('direct', 1, 0)
    expect(third.answer).toEqual(use(3))
    expect(await first.next()).toEqual({ type: 'bye', reason: 'replaced' })
    expect([...b.networker.peers].map(({ type }) => type)).toEqual(['direct'])
    await Promise.all([first.end(), third.end()])
  })

  it('is no reason to keep one that the other side has lost', async () => {
    const first = await greet('relayed', 1, 0)
    // It had taken a link 2 into use, which never became ready here, and has lost both.
    const second = await greet('relayed', 1, 2)
    expect(second.answer).toEqual(use(2))
    expect(await first.next()).toEqual({ type: 'bye', reason: 'replaced' })
    await Promise.all([first.end(), second.end()])
  })

  describe('on the side that does not choose', () => {
    const open = async (path: Path): Promise<ByteStream> => {
      const stream = await world.network.node('a', path).open('b', NETWORKER_PROTOCOL)
      await writeMessage(stream, { ...hello, instance: new Uint8Array(16).fill(1) })
      return stream
    }
    const begin = async (): Promise<readonly [ByteStream, ByteStream]> => {
      const first = await open('relayed')
      for (const message of [use(1), noTopics]) await writeMessage(first, message)
      await expectSoon(() => b.peer('a') !== undefined)
      const second = await open('direct')
      await writeMessage(second, use(2))
      await settle()
      // There it is ready, and its list of topics is still on its way.
      await writeMessage(first, { type: 'bye', reason: 'replaced' })
      await first.closeWrite()
      await settle()
      expect(b.peer('a')?.type).toBe('relayed')
      return [first, second]
    }

    it('takes over when it is, although the other has moved before', async () => {
      const [, second] = await begin()
      await writeMessage(second, noTopics)
      await expectSoon(() => b.peer('a')?.type === 'direct')
      await settle()
      expect(b.log.filter((it) => it.startsWith('peer-'))).toEqual([
        'peer-add a',
        'peer-remove a',
        'peer-add a',
      ])
      await second.closeWrite()
    })

    it('leaves nothing when it breaks off after the other has moved', async () => {
      const [, second] = await begin()
      second.abort()
      await expectSoon(() => b.peer('a') === undefined)
      expect(b.networker.stats().processing).toBe(0)
    })
  })
})

describe('a link that another crossed', () => {
  it('is not said to be lost', async () => {
    const gate = Promise.withResolvers<void>()
    const topic = repoTopic('did:plc:cccccccccccccccccccccccc')
    const late: NodeOptions['wrap'] = (net) => ({
      ...net,
      async open(...asked) {
        await gate.promise
        return net.open(...asked)
      },
    })
    const y = world.node('y', { wrap: late })
    const a = world.network.node('a')
    const crossing = Promise.withResolvers<Message>()
    a.handle(NETWORKER_PROTOCOL, async (stream) => {
      const first = await createFrameReader(stream).expect(1 << 20)
      crossing.resolve(decodeMessage(first, messageShape, 'y'))
      await writeMessage(stream, { type: 'bye', reason: 'duplicate' })
    })
    world.directory.list(topic.id, 'a')
    const configured = y.networker.configure(topic, { announce: false })
    await settle()
    const stream = await a.open('y', NETWORKER_PROTOCOL)
    for (const message of [{ ...hello, instance: new Uint8Array(16).fill(1) }, use(1), noTopics])
      await writeMessage(stream, message)
    await expectSoon(() => y.peer('a') !== undefined)
    gate.resolve()
    expect(await crossing.promise).toMatchObject({ type: 'hello', last: 0 })
    await configured
    expect(y.peer('a')?.stream.initiator).toBe(false)
    await stream.closeWrite()
  })
})
