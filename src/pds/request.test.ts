import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collect } from './body.ts'
import type { Network } from './network.ts'
import { FIRST_BYTE_TIMEOUT, get, getJson, IDLE_TIMEOUT, JSON_TIMEOUT, NOT_JSON } from './request.ts'
import { failure } from './testing/errors.ts'
import { createWorld, type World } from './testing/world.ts'

let world: World
let network: Network
const HOST = 'pds.cairn-test.org'
const URL_A = `https://${HOST}/a`

beforeEach(async () => {
  world = await createWorld()
  network = world.network()
})
afterEach(() => world.close())

const text = async (input: string, options = {}): Promise<string> =>
  new TextDecoder().decode(await collect((await get(network, input, options)).body))

describe('get', () => {
  it('gives status, headers and body, and sends nothing that tells who asks', async () => {
    let sent: Record<string, unknown> = {}
    world.route(URL_A, ({ message }, response) => {
      sent = message.headers
      response.writeHead(418, { 'x-made-by': 'tea' }).end('short and stout')
    })
    const answer = await get(network, URL_A)
    expect([answer.status, answer.headers.get('x-made-by')]).toEqual([418, 'tea'])
    expect(new TextDecoder().decode(await collect(answer.body))).toBe('short and stout')
    expect(sent).not.toHaveProperty('cookie')
    expect(sent).not.toHaveProperty('authorization')
    expect(sent).not.toHaveProperty('referer')
    expect(world.timers.pending()).toEqual([])
  })

  it('calls fetch as a browser demands, as a method of nothing', async () => {
    world.route(URL_A, (_asked, response) => response.end('yes'))
    const strict: Network = {
      ...network,
      async fetch(this: unknown, url, init) {
        if (this !== undefined) throw new TypeError('Illegal invocation')
        return await world.fetch(url, init)
      },
    }
    expect((await get(strict, URL_A)).status).toBe(200)
  })

  it('gives an empty body for an answer without one', async () => {
    world.route(URL_A, (_asked, response) => response.writeHead(204).end())
    expect(await text(URL_A)).toBe('')
  })

  it('calls a server that never answers a timeout', async () => {
    world.route(URL_A, () => {})
    const asked = world.whenAsked(URL_A)
    const failed = failure(get(network, URL_A))
    await asked
    world.timers.advance(FIRST_BYTE_TIMEOUT - 1)
    world.timers.advance(1)
    expect(await failed).toEqual({ code: 'pds.timeout', host: HOST, ms: FIRST_BYTE_TIMEOUT })
  })

  it('calls a host that is not there a network failure', async () => {
    expect(await failure(get(network, 'https://nobody.cairn-test.org/'))).toEqual({
      code: 'pds.network',
      host: 'nobody.cairn-test.org',
      retriable: true,
      bytes: 0,
    })
    const { origin } = world
    await world.close()
    expect(await failure(get({ ...network, allowLocal: true }, origin))).toMatchObject({
      code: 'pds.network',
    })
    world = await createWorld()
  })

  it('can be cancelled before, while waiting, and in the middle of the body', async () => {
    expect(await failure(get(network, URL_A, { signal: AbortSignal.abort() }))).toEqual({
      code: 'pds.cancelled',
    })
    expect(world.asked).toEqual([])

    world.route(URL_A, () => {})
    const waiting = new AbortController()
    const asked = world.whenAsked(URL_A)
    const failed = failure(get(network, URL_A, { signal: waiting.signal }))
    await asked
    waiting.abort()
    expect(await failed).toEqual({ code: 'pds.cancelled' })

    const closed = Promise.withResolvers<void>()
    world.route(URL_A, (_asked, response) => {
      response.on('close', closed.resolve)
      response.write('some')
    })
    const reading = new AbortController()
    const answer = await get(network, URL_A, { signal: reading.signal })
    const reader = answer.body
    expect(await reader.read()).toHaveLength(4)
    const next = failure(reader.read())
    reading.abort()
    expect(await next).toEqual({ code: 'pds.cancelled' })
    // the connection is given up, not left to run
    await closed.promise
  })

  it('gives up the connection when the reader stops', async () => {
    const closed = Promise.withResolvers<void>()
    world.route(URL_A, (_asked, response) => {
      response.on('close', closed.resolve)
      response.write('some')
    })
    const answer = await get(network, URL_A)
    await answer.body.cancel()
    await closed.promise
    expect(world.timers.pending()).toEqual([])
  })
})

describe('a body that goes wrong', () => {
  it('stalls when nothing comes', async () => {
    world.route(URL_A, (_asked, response) => void response.write('some'))
    const reader = (await get(network, URL_A)).body
    await reader.read()
    const next = failure(reader.read())
    await world.timers.whenSet(IDLE_TIMEOUT)
    world.timers.advance(IDLE_TIMEOUT)
    const stalled = { code: 'pds.stalled', host: HOST, ms: IDLE_TIMEOUT, bytes: 4 }
    expect(await next).toEqual(stalled)
    // given up, the connection has an end, which is not the body's
    expect(await failure(reader.read())).toEqual(stalled)
  })

  it('stalls when it only drips', async () => {
    let drip: () => void = () => {}
    world.route(URL_A, (_asked, response) => {
      drip = () => void response.write('.')
      drip()
    })
    const reader = (await get(network, URL_A)).body
    await reader.read()
    for (let i = 0; i < 3; i++) {
      const next = reader.read()
      await world.timers.whenSet()
      world.timers.advance(IDLE_TIMEOUT / 4)
      drip()
      expect(await next).toHaveLength(1)
    }
    const last = failure(reader.read())
    await world.timers.whenSet()
    world.timers.advance(IDLE_TIMEOUT / 4)
    expect(await last).toMatchObject({ code: 'pds.stalled', bytes: 4 })
  })

  it('is not blamed for a consumer that takes its time', async () => {
    let more: () => void = () => {}
    world.route(URL_A, (_asked, response) => {
      response.write('some')
      more = () => response.end('more')
    })
    const reader = (await get(network, URL_A)).body
    await reader.read()
    await nextTurn()
    // nothing is read ahead, so nothing is waited for
    expect(world.timers.pending()).toEqual([])
    world.timers.advance(10 * IDLE_TIMEOUT)
    more()
    expect(await reader.read()).toHaveLength(4)
  })

  it('is a network failure when it is cut', async () => {
    world.route(URL_A, (_asked, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('0123456789', () => response.destroy())
    })
    const answer = await get(network, URL_A)
    expect(await failure(collect(answer.body))).toEqual({
      code: 'pds.network',
      host: HOST,
      retriable: true,
      bytes: 10,
    })
  })

  it('is refused past its cap, and the server is not read on', async () => {
    const closed = Promise.withResolvers<void>()
    world.route(URL_A, (_asked, response) => {
      response.on('close', closed.resolve)
      const chunk = Buffer.alloc(64 * 1024)
      const pump = (): void => {
        while (!response.closed && response.write(chunk));
        if (!response.closed) response.once('drain', pump)
      }
      pump()
    })
    const answer = await get(network, URL_A, { maxBytes: 100_000 })
    expect(await failure(collect(answer.body))).toEqual({ code: 'pds.too-large', host: HOST, limit: 100_000 })
    await closed.promise
  })
})

describe('getJson', () => {
  it('gives JSON of any status', async () => {
    world.json(URL_A, { a: [1] }, 404)
    expect(await getJson(network, URL_A)).toMatchObject({ status: 404, json: { a: [1] } })
  })

  it.each([
    ['a web page', '<!doctype html>'],
    ['half of it', '{"a": ['],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['nothing', ''],
  ])('marks %s as no JSON', async (_name, body) => {
    world.route(URL_A, (_asked, response) => response.end(body))
    expect((await getJson(network, URL_A)).json).toBe(NOT_JSON)
  })

  it('refuses a huge answer', async () => {
    world.json(URL_A, 'x'.repeat(5000))
    expect(await failure(getJson(network, URL_A, { maxBytes: 4096 }))).toMatchObject({
      code: 'pds.too-large',
      limit: 4096,
    })
  })

  it('does not wait for ever for one that keeps coming', async () => {
    let more: () => void = () => {}
    world.route(URL_A, (_asked, response) => {
      more = () => void response.write(' '.repeat(2000))
      more()
    })
    const failed = failure(getJson(network, URL_A, { idleMs: 2 * JSON_TIMEOUT }))
    await world.timers.whenSet(JSON_TIMEOUT)
    world.timers.advance(JSON_TIMEOUT - 1)
    more()
    world.timers.advance(1)
    expect(await failed).toEqual({ code: 'pds.timeout', host: HOST, ms: JSON_TIMEOUT })
  })
})
