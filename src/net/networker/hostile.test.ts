import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeVarint } from '../../core/varint.ts'
import { createFrameReader, writeFrame } from '../frames.ts'
import { decodeMessage, writeMessage } from '../messages.ts'
import type { ByteStream, Net } from '../net.ts'
import { repoTopic } from '../topics.ts'
import { createWorld, settle, type TestNode, expectSoon, type World } from './testing/world.ts'
import { type Message, messageShape, NETWORKER_PROTOCOL } from './wire.ts'

const topic = repoTopic('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
let world: World
let b: TestNode
let mallory: Net
beforeEach(async () => {
  world = createWorld()
  // Its id is smaller than `mallory`: it is `b` that chooses.
  b = world.node('b')
  mallory = world.network.node('mallory')
  await b.networker.configure(topic)
})
afterEach(async () => {
  await world.end()
})

const hello = (change: object = {}) => ({
  type: 'hello',
  instance: new Uint8Array(16).fill(1),
  nonce: new Uint8Array(32).fill(2),
  last: 0,
  ...change,
})
const noTopics = { type: 'topics', add: new Uint8Array(), remove: new Uint8Array() }
const open = (): Promise<ByteStream> => mallory.open('b', NETWORKER_PROTOCOL)

/** A link as far as its handshake goes, made by hand. */
async function linked(): Promise<{ stream: ByteStream; next: () => Promise<Message> }> {
  const stream = await open()
  const frames = createFrameReader(stream)
  const next = async () => decodeMessage(await frames.expect(1 << 20), messageShape, 'b')
  await writeMessage(stream, hello())
  expect((await next()).type).toBe('hello')
  expect(await next()).toMatchObject({ type: 'use' })
  expect((await next()).type).toBe('topics')
  await writeMessage(stream, noTopics)
  await expectSoon(() => b.peer('mallory') !== undefined)
  return { stream, next }
}
const isBanned = (): boolean => b.networker.bans().some(({ peer }) => peer === 'mallory')
const gone = (): boolean => b.networker.peers.size === 0 && b.networker.stats().processing === 0

describe('a hostile peer', () => {
  it('links by hand as the protocol says', async () => {
    const { stream } = await linked()
    expect(b.peer('mallory')?.topics).toEqual([])
    await stream.closeWrite()
    await expectSoon(gone)
    expect(isBanned()).toBe(false)
  })

  it.each<[string, object]>([
    ['another message before hello', noTopics],
    ['a nonce of another length', hello({ nonce: new Uint8Array(31) })],
    ['a session name of another length', hello({ instance: new Uint8Array(0) })],
    ['a negative number', hello({ last: -1 })],
    ['a missing field', { type: 'hello', nonce: new Uint8Array(32), last: 0 }],
    ['a field too many', hello({ more: 1 })],
    ['an unknown type', { type: 'secret-key-please' }],
  ])('that opens with %s is refused and banned', async (_, message) => {
    const stream = await open()
    await writeMessage(stream, message)
    await expectSoon(isBanned)
    await expectSoon(gone)
    expect(b.log).toContain('replication-error mallory')
    await expect(
      (async () => {
        while ((await stream.read()) !== undefined);
      })(),
    ).rejects.toMatchObject({ code: 'net.reset' })
  })

  it.each<[string, object]>([
    ['tokens of a broken length', { ...noTopics, add: new Uint8Array(17) }],
    ['a second hello', hello()],
    ['a use', { type: 'use', link: 7 }],
    ['an extension without a name', { type: 'extension', name: '', data: new Uint8Array() }],
    ['an extension with a long name', { type: 'extension', name: 'x'.repeat(65), data: new Uint8Array() }],
    [
      'an extension message over the cap',
      { type: 'extension', name: 'x', data: new Uint8Array(64 * 1024 + 1) },
    ],
    ['an unknown reason to part', { type: 'bye', reason: 'because' }],
  ])('that sends %s on a link is refused and banned', async (_, message) => {
    const { stream } = await linked()
    await writeMessage(stream, message)
    await expectSoon(isBanned)
    await expectSoon(gone)
  })

  it('that claims a message of a gigabyte is refused before it is sent', async () => {
    const stream = await open()
    const head = new Uint8Array(5)
    writeVarint(head, 0, 1 << 30)
    await stream.write(head)
    await expectSoon(isBanned)
  })

  it('that tells of more topics than it may is refused', async () => {
    world.network.node('unused')
    const small = world.node('small', { limits: { topics: 8 } })
    await small.networker.listen()
    // `mallory` is smaller than `small`, and chooses.
    const stream = await mallory.open('small', NETWORKER_PROTOCOL)
    await writeMessage(stream, hello())
    await writeMessage(stream, { type: 'use', link: 1 })
    await writeMessage(stream, { ...noTopics, add: new Uint8Array(16 * 9).map((_, i) => i) })
    await expectSoon(() => small.networker.bans().length === 1)
  })

  it('that breaks the rules on a second stream loses the first', async () => {
    await linked()
    const stream = await open()
    await writeMessage(stream, { type: 'secret-key-please' })
    await expectSoon(isBanned)
    await expectSoon(gone)
    expect(b.log.filter((it) => it.startsWith('replication-error'))).toHaveLength(1)
  })

  it('that says nothing is let go after the time for a handshake, and not banned', async () => {
    await open()
    await expectSoon(() => b.networker.stats().processing === 1)
    world.timers.advance(15_000)
    await expectSoon(gone)
    expect(isBanned()).toBe(false)
  })

  it('that is banned for one stream does not get in by another', async () => {
    const bad = await open()
    const second = await open()
    await writeMessage(bad, noTopics)
    await expectSoon(isBanned)
    await writeMessage(second, hello())
    const frames = createFrameReader(second)
    expect(decodeMessage(await frames.expect(1000), messageShape, 'b').type).toBe('hello')
    expect(decodeMessage(await frames.expect(1000), messageShape, 'b')).toEqual({
      type: 'bye',
      reason: 'refused',
    })
    await second.closeWrite()
    expect(b.networker.peers.size).toBe(0)
  })

  it('that opens many streams has three at most', async () => {
    for (let i = 0; i < 20; i++) await open()
    await settle()
    expect(b.networker.stats().processing).toBe(3)
    expect(b.networker.stats().opened).toBe(3)
  })

  it('that comes in many shapes is held to the limit of handshakes', async () => {
    for (let i = 0; i < 40; i++) await world.network.node(`m${i}`).open('b', NETWORKER_PROTOCOL)
    await settle()
    expect(b.networker.stats().processing).toBe(32)
  })

  it('that is banned is told so and does not get in', async () => {
    await b.networker.ban('mallory')
    const stream = await open()
    const frames = createFrameReader(stream)
    const said = decodeMessage(await frames.expect(1000), messageShape, 'b')
    expect(said).toEqual({ type: 'bye', reason: 'refused' })
    await stream.closeWrite()
    await settle()
    expect(b.networker.stats().opened).toBe(0)
  })

  it('that sends our own tokens back shares nothing', async () => {
    const stream = await open()
    const frames = createFrameReader(stream)
    const next = async () => decodeMessage(await frames.expect(1 << 20), messageShape, 'b')
    await writeMessage(stream, hello())
    await next()
    await next()
    const told = await next()
    if (told.type !== 'topics') throw new Error(told.type)
    expect(told.add.length).toBe(8 * 16)
    await writeMessage(stream, { ...noTopics, add: told.add })
    await expectSoon(() => b.peer('mallory') !== undefined)
    await settle()
    expect(b.peer('mallory')?.topics).toEqual([])
    expect(b.replicated).toEqual([])
    stream.abort()
  })

  it('that sends random bytes never breaks anything', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), async (frames) => {
        await b.networker.unban('mallory')
        const stream = await open()
        try {
          await writeMessage(stream, hello())
          for (const frame of frames) await writeFrame(stream, frame)
        } catch {
          // It was refused already.
        }
        stream.abort()
        await expectSoon(gone)
        expect(b.networker.joined(topic)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })
})
