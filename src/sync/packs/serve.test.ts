import { describe, expect, it } from 'vitest'
import { utf8 } from '../../core/bytes.ts'
import { createFrameReader, writeFrame } from '../../net/frames.ts'
import { createMemoryNetwork } from '../../net/testing/memory-net.ts'
import { createTestTimers } from '../testing/timers.ts'
import { openPacks } from './client.ts'
import { createPackHandler } from './handler.ts'
import { PACKS_PROTOCOL, type PackSource } from './model.ts'
import { readRequest, writeRequest } from './request.ts'
import { PACKS_LIMITS, servePacks } from './serve.ts'
import { answerOf, ask, didOf, sized } from './testing/wire-kit.ts'

describe('a stream', () => {
  it('that asks nonsense is refused and goes on; one that is too long ends', async () => {
    const network = createMemoryNetwork()
    const [one, two] = [network.node('one'), network.node('two')]
    const timers = createTestTimers()
    const source = sized(new Map([[didOf(1), 10]]))
    one.handle(PACKS_PROTOCOL, servePacks({ handler: createPackHandler({ sources: [source] }), timers }))
    const stream = await two.open('one', PACKS_PROTOCOL)
    const frames = createFrameReader(stream)
    await writeFrame(stream, utf8('nonsense'))
    const said: unknown = JSON.parse(new TextDecoder().decode(await frames.expect(1000)))
    expect(said).toMatchObject({
      error: 'sync.invalid_request',
      category: 'invalid-request',
      retryable: false,
    })
    await writeFrame(
      stream,
      writeRequest({ type: 'sync', clientId: 'two', push: undefined, pull: [ask(didOf(1))] }),
    )
    expect((await frames.expect(1000)).subarray(0, 4)).toEqual(utf8('SSP1'))
    // A length beyond every request: five bytes of varint.
    await stream.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07))
    await expect(frames.expect(1000)).rejects.toMatchObject({ code: 'net.reset' })
    one.stop()
    two.stop()
  })

  it('is let go when nothing comes, and a silent peer by the client', async () => {
    const network = createMemoryNetwork()
    const [one, two] = [network.node('one'), network.node('two')]
    const timers = createTestTimers()
    const server = servePacks({ handler: createPackHandler({ sources: [] }), timers })
    const served = Promise.withResolvers<unknown>()
    one.handle(PACKS_PROTOCOL, (stream) => server(stream).then(served.resolve, served.reject))
    await two.open('one', PACKS_PROTOCOL)
    timers.expire(60_000)
    await expect(served.promise).rejects.toMatchObject({ code: 'net.timeout' })

    one.handle(PACKS_PROTOCOL, () => new Promise(() => {}))
    const client = await openPacks(two, 'one', { timers, clientId: 'two' })
    const asked = client.pull([ask(didOf(1))])
    timers.expire(30_000)
    await expect(asked).rejects.toMatchObject({ code: 'net.timeout', fields: { peer: 'one' } })
    one.stop()
    two.stop()
  })

  it('beyond those that one peer may have is told so', async () => {
    const network = createMemoryNetwork()
    const [one, two] = [network.node('one'), network.node('two')]
    const timers = createTestTimers()
    const limits = { ...PACKS_LIMITS, perPeer: 1, inAll: 2 }
    const handler = createPackHandler({ sources: [sized(new Map([[didOf(1), 10]]))] })
    one.handle(PACKS_PROTOCOL, servePacks({ handler, timers, limits }))
    const first = await openPacks(two, 'one', { timers, clientId: 'two' })
    await first.pull([ask(didOf(1))])
    const second = await openPacks(two, 'one', { timers, clientId: 'two' })
    await expect(second.pull([ask(didOf(1))])).rejects.toMatchObject({
      code: 'net.refused',
      fields: { reason: 'runtime.busy', retriable: true },
    })
    await first.close()
    await second.close()
    one.stop()
    two.stop()
  })

  it('is told to come again while others have too much to take', async () => {
    const network = createMemoryNetwork()
    const [one, two, three] = [network.node('one'), network.node('two'), network.node('three')]
    const timers = createTestTimers()
    const handler = createPackHandler({ sources: [sized(new Map([[didOf(1), 600_000]]))] })
    const limits = { ...PACKS_LIMITS, heldBytes: 1000 }
    one.handle(PACKS_PROTOCOL, servePacks({ handler, timers, limits }))
    // Asks, and takes only the beginning: the rest finds no room on the line.
    const slow = await two.open('one', PACKS_PROTOCOL)
    const request = { type: 'sync', clientId: 'two', push: undefined, pull: [ask(didOf(1))] } as const
    await writeFrame(slow, writeRequest(request))
    await slow.read()
    const client = await openPacks(three, 'one', { timers, clientId: 'three' })
    await expect(client.pull([ask(didOf(1))])).rejects.toMatchObject({
      code: 'net.refused',
      fields: { reason: 'runtime.busy' },
    })
    slow.abort()
    for (const node of [one, two, three]) node.stop()
  })

  it('ends with its signal', async () => {
    const network = createMemoryNetwork()
    const [one, two] = [network.node('one'), network.node('two')]
    const timers = createTestTimers()
    const controller = new AbortController()
    one.handle(PACKS_PROTOCOL, () => new Promise(() => {}))
    const client = await openPacks(two, 'one', { timers, clientId: 'two', signal: controller.signal })
    const asked = client.pull([ask(didOf(1))])
    controller.abort()
    await expect(asked).rejects.toMatchObject({ code: 'net.cancelled' })
    one.stop()
    two.stop()
  })
})

describe('requests at once', () => {
  it('are bounded: more than may wait are refused, in words that say to come again', async () => {
    const gate = Promise.withResolvers<void>()
    const source: PackSource = {
      owns: () => true,
      async pull({ id }) {
        await gate.promise
        return answerOf(id, 1)
      },
    }
    const handler = createPackHandler({ sources: [source], atOnce: 1 })
    const request = writeRequest({ type: 'sync', clientId: 'c', push: undefined, pull: [ask(didOf(1))] })
    expect(readRequest(request)).toMatchObject({ type: 'sync' })
    const replies = Array.from({ length: 70 }, () => handler.answer(request, { peer: 'x' }))
    const refused = await Promise.race(replies)
    expect(refused).toMatchObject({ type: 'refused', status: 429, refusal: { error: 'runtime.busy' } })
    gate.resolve()
    const types = (await Promise.all(replies)).map((it) => it.type)
    expect(types.filter((it) => it === 'pack').length).toBe(65)
  })
})
