import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFrameReader } from '../frames.ts'
import { decodeMessage, writeMessage } from '../messages.ts'
import type { Path } from '../net.ts'
import { repoTopic } from '../topics.ts'
import { createWorld, type TestNode, expectSoon, type World } from './testing/world.ts'
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
