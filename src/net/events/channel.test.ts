import { describe, expect, it } from 'vitest'
import * as v from 'valibot'
import { concat, utf8 } from '../../core/bytes.ts'
import type { CairnError } from '../../core/errors.ts'
import type { ByteStream } from '../net.ts'
import { createHubEventTarget, type HubOptions } from './hub.ts'
import { createLengthReader, lengthFramed } from './length-frames.ts'
import { decodeEnvelope } from './envelope.ts'
import { type Envelope, EVENTS_PROTOCOL, type Received } from './model.ts'
import { createPubSub } from './pubsub.ts'
import { serveEvents } from './serve.ts'
import { createSpokeEventTarget, type SpokeOptions, type StreamSpoke } from './spoke.ts'
import { createChannelKit, until } from './testing/channel-kit.ts'

type Events = { news: { n: number }; presence: string }

/** A hub `h` and its network; spokes are opened on demand, and everything ends with the test. */
function createHub(more: Partial<HubOptions<Events>> = {}) {
  const kit = createChannelKit()
  const net = kit.network.node('h')
  const gone: [string, CairnError | undefined][] = []
  const hub = createHubEventTarget<Events>({
    host: kit.host,
    onDisconnect: (peer, error) => gone.push([peer, error]),
    ...more,
  })
  net.handle(EVENTS_PROTOCOL, hub.accept)
  const connect = async (peer: string, options: Partial<SpokeOptions<Events>> = {}) => {
    const stream = await kit.network.node(peer).open('h', EVENTS_PROTOCOL)
    const spoke = createSpokeEventTarget<Events>(stream, { host: kit.host, ...options })
    return { spoke, ...listener(spoke) }
  }
  /** A spoke of which only the bytes are ours. */
  const raw = async (peer: string): Promise<ByteStream> => kit.network.node(peer).open('h', EVENTS_PROTOCOL)
  const publish = createPubSub<Events>({ eventTarget: hub }).publish
  const isHeard = (peer: string, topic: string): boolean =>
    hub.spokes().some((it) => it.peer === peer && it.topics.includes(topic))
  return { ...kit, net, hub, gone, connect, raw, publish, isHeard }
}

function listener(spoke: StreamSpoke<Events>) {
  const heard: Received[] = []
  return {
    heard,
    listen: (topic: string, signal?: AbortSignal) =>
      spoke.addEventListener(
        topic,
        ({ detail }) => heard.push(detail),
        signal === undefined ? {} : { signal },
      ),
  }
}

const send = (stream: ByteStream, value: unknown): Promise<void> =>
  stream.write(lengthFramed(utf8(JSON.stringify(value))))
const subscribe = (topic: string) => ({ type: '__subscribe', id: '', payload: { topic } })

/** Reads envelopes until one is of this type. */
async function readUntil(stream: ByteStream, type: string): Promise<Envelope> {
  const read = createLengthReader(stream, 64 * 1024)
  for (;;) {
    const envelope = decodeEnvelope((await read()) ?? new Uint8Array(), stream.peer)
    if (envelope.type === type) return envelope
  }
}

describe('hub and spokes', () => {
  it('send an event to those that subscribed, and to nobody else', async () => {
    const { hub, connect, publish, isHeard } = createHub()
    const [a, b, c] = [await connect('a'), await connect('b'), await connect('c')]
    a.listen('news:x')
    b.listen('news')
    c.listen('news:y')
    await until(() => isHeard('a', 'news:x') && isHeard('b', 'news:') && isHeard('c', 'news:y'))
    expect(publish('news', 'x', { n: 1 })).toBe(true)
    publish('news', 'y', { n: 2 })
    publish('presence', 'x', 'here')
    await until(() => b.heard.length === 2 && c.heard.length === 1)
    expect(a.heard).toEqual([{ type: 'news', id: 'x', payload: { n: 1 }, peer: 'h', seq: 1 }])
    expect(b.heard.map((it) => it.seq)).toEqual([1, 2])
    await hub.close()
    expect(await a.spoke.ended).toBeUndefined()
    expect(hub.spokes()).toEqual([])
  })

  it('subscribe with the first listener and end that with the last', async () => {
    const { hub, connect, isHeard } = createHub()
    const { spoke, listen } = await connect('a')
    const [one, two] = [new AbortController(), new AbortController()]
    listen('news:x', one.signal)
    listen('news:x', two.signal)
    await until(() => isHeard('a', 'news:x'))
    one.abort()
    await spoke.call('hub.register', {})
    expect(isHeard('a', 'news:x')).toBe(true)
    two.abort()
    await spoke.call('hub.register', {})
    expect(isHeard('a', 'news:x')).toBe(false)
    await hub.close()
  })

  it('know who speaks by the stream, whatever is said', async () => {
    const { hub, raw } = createHub()
    const heard: unknown[] = []
    hub.addEventListener('presence', ({ detail }) => heard.push(detail))
    const stream = await raw('mallory')
    await send(stream, { type: 'presence', id: 'x', payload: 'hi', peer: 'alice', from: 'alice', seq: 99 })
    await send(stream, { type: 'presence:x', detail: 'ho', peer: 'alice' })
    await until(() => heard.length === 2)
    expect(heard).toEqual([
      { type: 'presence', id: 'x', payload: 'hi', peer: 'mallory' },
      { type: 'presence', id: 'x', payload: 'ho', peer: 'mallory' },
    ])
    await stream.closeWrite()
    await until(() => hub.spokes().length === 0)
  })

  it('keep reserved types from listeners, and pass over those they do not know', async () => {
    const { hub, raw, connect, publish, isHeard } = createHub()
    const heard: unknown[] = []
    hub.addEventListener('presence', ({ detail }) => heard.push(detail.payload))
    const stream = await raw('a')
    for (const type of ['__x', '__subscribed', 'call.completed', 'presence'])
      await send(stream, { type, id: '', payload: 'p' })
    await until(() => heard.length > 0)
    expect(heard).toEqual(['p'])
    await send(stream, subscribe('__subscribe:'))
    await send(stream, subscribe('call.requested:'))
    expect((await readUntil(stream, '__refused')).payload).toEqual({ topic: '__subscribe:', reason: 'name' })
    const b = await connect('b')
    b.listen('presence')
    await until(() => isHeard('b', 'presence:'))
    expect(() => publish('__subscribe' as 'presence', '', '')).toThrow(
      expect.objectContaining({ code: 'events.reserved' }),
    )
    stream.abort()
    await hub.close()
  })

  it('let a peer hear only what it may', async () => {
    const refused: unknown[] = []
    const { hub, connect, publish, isHeard } = createHub({
      authorize: async (peer, { type, id }) => type === 'news' || id === peer,
      limits: { topics: 2 },
    })
    const a = await connect('a', { onRefused: (topic, reason) => refused.push([topic, reason]) })
    for (const topic of ['presence:b', 'presence:', 'presence:a', 'news:1', 'news:2']) a.listen(topic)
    await until(() => refused.length === 3)
    expect(refused).toEqual([
      [{ type: 'presence', id: 'b' }, 'denied'],
      [{ type: 'presence', id: '' }, 'denied'],
      [{ type: 'news', id: '2' }, 'limit'],
    ])
    expect(isHeard('a', 'presence:a') && isHeard('a', 'news:1')).toBe(true)
    publish('presence', 'b', 'secret')
    publish('presence', 'a', 'for a')
    await until(() => a.heard.length > 0)
    // Once for its listener of the topic, once for that of the type, which hears what is let through.
    expect(a.heard.map((it) => it.payload)).toEqual(['for a', 'for a'])
    await hub.close()
  })

  it('hear nothing of a shape that was not agreed', async () => {
    const rejected: CairnError[] = []
    const shapes = { news: v.object({ n: v.number() }) }
    const { hub, raw } = createHub({ shapes, onRejected: (error) => rejected.push(error) })
    const heard: unknown[] = []
    hub.addEventListener('news', ({ detail }) => heard.push(detail.payload))
    const stream = await raw('a')
    for (const payload of ['x', { n: 'x' }, { n: 2, more: 1 }])
      await send(stream, { type: 'news', id: '', payload })
    await until(() => heard.length === 1)
    expect(heard).toEqual([{ n: 2 }])
    expect(rejected.map(({ code, fields }) => [code, fields['reason'], fields['peer']])).toEqual([
      ['net.malformed', 'payload', 'a'],
      ['net.malformed', 'payload', 'a'],
    ])
    stream.abort()
    await hub.close()
  })

  it('cut off who sends what is no protocol, with a typed error, and nobody else', async () => {
    const { hub, gone, raw, connect } = createHub()
    const b = await connect('b')
    const bad: [string, unknown][] = [
      ['p', { type: '__subscribe', id: '', payload: {} }],
      ['q', { type: 'call.requested', id: 'x', payload: {} }],
      ['r', { type: 'call.responded', id: 'x', payload: [] }],
      ['s', { kind: 'x' }],
    ]
    for (const [peer, value] of bad) await send(await raw(peer), value)
    await (await raw('t')).write(new Uint8Array([0, 2, 0, 0, 1]))
    await until(() => gone.length === 5)
    const order = gone.toSorted(([a], [b]) => (a < b ? -1 : 1))
    expect(order.map(([peer, error]) => [peer, error?.code, error?.fields['reason']])).toEqual([
      ['p', 'net.malformed', 'control'],
      ['q', 'net.malformed', 'call'],
      ['r', 'net.malformed', 'call'],
      ['s', 'net.malformed', 'envelope'],
      ['t', 'net.too-large', undefined],
    ])
    expect(await b.spoke.call('hub.register', {})).toBeDefined()
    await hub.close()
  })

  it('drop a slow reader with a typed error, and serve the others on', async () => {
    const limits = { queueBytes: 100_000 }
    const { hub, gone, raw, connect, publish, isHeard } = createHub({ limits })
    const slow = await raw('slow')
    await send(slow, subscribe('presence:'))
    const quick = await connect('quick')
    quick.listen('presence')
    await until(() => isHeard('slow', 'presence:') && isHeard('quick', 'presence:'))
    const text = 'x'.repeat(10_000)
    for (let n = 1; gone.length === 0 && n < 1000; n++) {
      publish('presence', '', text)
      await until(() => quick.heard.length === n)
    }
    expect(gone).toMatchObject([
      ['slow', { code: 'events.slow-reader', fields: { peer: 'slow', limit: 100_000 } }],
    ])
    await expect(readUntil(slow, 'never')).rejects.toMatchObject({ code: 'net.reset' })
    expect(hub.spokes().map((it) => it.peer)).toEqual(['quick'])
    await hub.close()
  })

  it('refuse an event that fits no frame, before anybody gets it', async () => {
    const { hub, connect, publish, isHeard } = createHub({ limits: { frame: 1000 } })
    const a = await connect('a')
    a.listen('presence')
    await until(() => isHeard('a', 'presence:'))
    expect(() => publish('presence', '', 'x'.repeat(1000))).toThrow(
      expect.objectContaining({ code: 'events.too-large' }),
    )
    publish('presence', '', 'small')
    await until(() => a.heard.length > 0)
    expect(a.heard).toMatchObject([{ payload: 'small', seq: 1 }])
    await hub.close()
  })

  it('take the newest stream of a peer for it', async () => {
    const { hub, gone, raw } = createHub()
    const first = await raw('a')
    await until(() => hub.spokes().length === 1)
    const second = await raw('a')
    await expect(first.read()).rejects.toMatchObject({ code: 'net.reset' })
    expect(gone).toMatchObject([['a', { code: 'events.replaced' }]])
    expect(hub.spokes().length).toBe(1)
    await second.closeWrite()
    await until(() => hub.spokes().length === 0)
  })

  it('have a limit to their number', async () => {
    const { hub, raw, gone } = createHub({ limits: { spokes: 1 } })
    const first = await raw('a')
    await until(() => hub.spokes().length === 1)
    await expect((await raw('b')).read()).rejects.toMatchObject({ code: 'net.reset' })
    expect(gone).toEqual([])
    first.abort()
    await until(() => hub.spokes().length === 0)
  })

  it('ask for a sign of life after a silence, and give up without one', async () => {
    const { hub, gone, raw, connect, pass, pending } = createHub()
    const silent = await raw('silent')
    await until(() => hub.spokes().length === 1)
    const { spoke } = await connect('lively')
    await spoke.call('hub.register', {})
    pass(30_000)
    expect((await readUntil(silent, '__ping')).payload).toEqual({})
    // The lively one's answer sets its clock back.
    await until(() => pending().filter((ms) => ms === 30_000).length === 2)
    pass(15_000)
    expect(gone).toMatchObject([['silent', { code: 'net.timeout', fields: { ms: 45_000 } }]])
    expect(hub.spokes().map((it) => it.peer)).toEqual(['lively'])
    await hub.close()
    await spoke.ended
    expect(pending()).toEqual([])
  })

  it('end in order when either says so, with all that waited delivered', async () => {
    const { hub, gone, connect, isHeard, publish } = createHub()
    const a = await connect('a')
    a.listen('news')
    await until(() => isHeard('a', 'news:'))
    for (let n = 0; n < 500; n++) publish('news', '', { n })
    await hub.close()
    expect(a.heard.length).toBe(500)
    expect(gone).toEqual([['a', undefined]])
    expect(
      a.spoke.dispatchEvent(
        new CustomEvent('news:', { detail: { type: 'news', id: '', payload: { n: 1 } } }),
      ),
    ).toBe(false)
  })

  it('write either form, and read both', async () => {
    const { hub, connect, raw, publish, isHeard } = createHub({ form: 'detail' })
    const a = await connect('a')
    a.listen('news:x')
    const stream = await raw('b')
    await send(stream, { type: '__subscribe', detail: { topic: 'news:x' } })
    await until(() => isHeard('a', 'news:x') && isHeard('b', 'news:x'))
    publish('news', 'x', { n: 1 })
    await until(() => a.heard.length === 1)
    expect(a.heard).toEqual([{ type: 'news', id: 'x', payload: { n: 1 }, peer: 'h', seq: 1 }])
    await until(() => true)
    stream.abort()
    await hub.close()
  })
})

describe('a node in both roles', () => {
  it('is reached by its key from a hub, through a circuit too, and lets in only hubs it knows', async () => {
    const { network, host } = createChannelKit()
    const hubNet = network.node('h', 'relayed')
    const nodeNet = network.node('n')
    const hub = createHubEventTarget<Events>({ host })
    const own = createHubEventTarget<Events>({ host })
    const reached: StreamSpoke<Events>[] = []
    const stop = serveEvents<Events>({
      net: nodeNet,
      hub: own,
      host,
      spokeFor: (peer) =>
        peer === 'h'
          ? { host, operations: { echo: { run: (input, { peer }) => [input, peer] } } }
          : undefined,
      onHub: (spoke) => reached.push(spoke),
    })
    await hub.dial(hubNet, 'n')
    await until(() => reached.length === 1)
    const [spoke] = reached
    if (spoke === undefined) throw new RangeError('no spoke')
    const { heard, listen } = listener(spoke)
    listen('news:x')
    await until(() => hub.spokes()[0]?.topics.includes('news:x') === true)
    expect(hub.spokes()[0]?.registration).toEqual({ operations: ['echo'] })
    createPubSub<Events>({ eventTarget: hub }).publish('news', 'x', { n: 1 })
    await until(() => heard.length === 1)
    expect(heard[0]?.peer).toBe('h')
    expect(await hub.call('n', 'echo', 'hello')).toEqual(['hello', 'h'])
    // A stranger's hub is refused; its stream ends.
    const stranger = createHubEventTarget<Events>({ host })
    await stranger.dial(network.node('z'), 'n')
    await until(() => stranger.spokes().length === 0)
    expect(reached.length).toBe(1)
    // The same protocol serves spokes of the node.
    const spokeOfN = createSpokeEventTarget<Events>(await hubNet.open('n', EVENTS_PROTOCOL), { host })
    await until(() => own.spokes().length === 1)
    await Promise.all([spokeOfN.close(), hub.close()])
    stop()
  })

  it('talks with other spokes when the hub is away', async () => {
    const { network, host } = createChannelKit()
    const nodes = ['a', 'b'].map((id) => {
      const net = network.node(id)
      const hub = createHubEventTarget<Events>({ host })
      serveEvents<Events>({ net, hub, host })
      return { net, hub }
    })
    network.node('h')
    network.cut('h')
    const [a, b] = nodes
    if (a === undefined || b === undefined) throw new RangeError('nodes')
    const toB = createSpokeEventTarget<Events>(await a.net.open('b', EVENTS_PROTOCOL), { host })
    const toA = createSpokeEventTarget<Events>(await b.net.open('a', EVENTS_PROTOCOL), { host })
    const [atA, atB] = [listener(toB), listener(toA)]
    atA.listen('presence')
    atB.listen('presence')
    await until(() => [a, b].every(({ hub }) => hub.spokes()[0]?.topics.length === 1))
    createPubSub<Events>({ eventTarget: a.hub }).publish('presence', '', 'from a')
    createPubSub<Events>({ eventTarget: b.hub }).publish('presence', '', 'from b')
    await until(() => atA.heard.length + atB.heard.length === 2)
    expect([atA.heard[0], atB.heard[0]]).toMatchObject([
      { peer: 'b', payload: 'from b' },
      { peer: 'a', payload: 'from a' },
    ])
    await Promise.all([a.hub.close(), b.hub.close()])
  })
})

describe('many frames at once', () => {
  it('are read one by one, however they were joined', async () => {
    const { hub, raw } = createHub()
    const heard: unknown[] = []
    hub.addEventListener('presence', ({ detail }) => heard.push(detail.payload))
    const stream = await raw('a')
    const frames = Array.from({ length: 300 }, (_, n) =>
      lengthFramed(utf8(JSON.stringify({ type: 'presence', id: '', payload: `${n}` }))),
    )
    await stream.write(concat(frames))
    await until(() => heard.length === 300)
    expect(heard).toEqual(frames.map((_, n) => `${n}`))
    stream.abort()
    await hub.close()
  })
})
