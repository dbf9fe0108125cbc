import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkHandle, resolveHandle } from './handle.ts'
import { failure } from './testing/errors.ts'
import { createWorld, type World } from './testing/world.ts'

let world: World
const handle = 'alice.cairn-test.org'
const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const other = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const DOH = 'https://dns.cairn-test.org/resolve'
const WELL_KNOWN = `https://${handle}/.well-known/atproto-did`
const RESOLVER = 'https://api.cairn-test.org'
const RESOLVE = `${RESOLVER}/xrpc/com.atproto.identity.resolveHandle`
const endpoints = { doh: DOH, resolver: RESOLVER }

beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.close())

const resolve = (from = endpoints, signal?: AbortSignal): Promise<unknown> =>
  resolveHandle(world.network(), from, handle, signal)
const txt = (...data: string[]): unknown => ({
  Status: 0,
  Answer: data.map((text) => ({ name: `_atproto.${handle}`, type: 16, TTL: 60, data: text })),
})
const text = (url: string, body: string, status = 200): void =>
  world.route(url, (_asked, response) => response.writeHead(status).end(body))

describe('by DNS', () => {
  it.each([
    ['quoted', txt(`"did=${did}"`)],
    ['bare', txt(`did=${did}`)],
    ['in two strings', txt(`"did=did:plc:ewvi7nx" "zyoun6zhxrhs64oiz"`)],
    ['among other records', txt('"v=spf1 -all"', `"did=${did}"`, '"x"')],
    ['twice the same', txt(`"did=${did}"`, `"did=${did}"`)],
  ])('a record %s', async (_name, answer) => {
    world.json(DOH, answer)
    expect(await resolve()).toEqual({ did, via: 'dns' })
    expect(world.asked.find((url) => url.startsWith(DOH))).toBe(`${DOH}?name=_atproto.${handle}&type=TXT`)
  })

  it('keeps what the resolver URL has in it', async () => {
    world.json(DOH, txt(`"did=${did}"`))
    await resolve({ ...endpoints, doh: `${DOH}?key=1` })
    expect(world.asked.find((url) => url.startsWith(DOH))).toContain('?key=1&name=')
  })

  it('comes before the web server, which is not waited for', async () => {
    world.json(DOH, txt(`"did=${did}"`))
    world.route(WELL_KNOWN, () => {})
    expect(await resolve()).toEqual({ did, via: 'dns' })
    text(WELL_KNOWN, other)
    expect(await resolve()).toEqual({ did, via: 'dns' })
  })

  it.each([
    ['several DIDs', txt(`"did=${did}"`, `"did=${other}"`), 'ambiguous'],
    ['no record', { Status: 3 }, 'no-record'],
    ['a record of another type', { Answer: [{ type: 5, data: `did=${did}` }] }, 'no-record'],
    ['something that is no DID', txt('"did=alice"'), 'not-a-did'],
    ['nonsense', { Answer: 'x' }, 'no-record'],
    ['nulls', { Answer: [null, {}, { type: 16 }, { type: 16, data: 7 }] }, 'no-record'],
  ])('%s does not resolve', async (_name, answer, outcome) => {
    world.json(DOH, answer)
    expect(await failure(resolve({ ...endpoints, resolver: '' }))).toMatchObject({
      code: 'pds.handle-unresolved',
      handle,
      tried: { dns: outcome },
    })
  })
})

describe('by the web server of the handle', () => {
  it('takes a DID with white space around it', async () => {
    world.json(DOH, { Status: 3 })
    text(WELL_KNOWN, ` ${did}\n`)
    expect(await resolve()).toEqual({ did, via: 'well-known' })
    expect(await resolve({ doh: '', resolver: '' })).toEqual({ did, via: 'well-known' })
  })

  it.each([
    ['a web page', '<!doctype html><title>Welcome', 200, 'not-a-did'],
    ['an error', did, 404, 'http-404'],
    ['two lines', `${did}\n${other}`, 200, 'not-a-did'],
    ['a book', 'x'.repeat(10_000), 200, 'pds.too-large'],
  ])('%s does not resolve', async (_name, body, status, outcome) => {
    text(WELL_KNOWN, body, status)
    const failed = await failure(resolve({ doh: '', resolver: '' }))
    expect(failed).toMatchObject({
      code: 'pds.handle-unresolved',
      tried: { 'well-known': outcome },
      retriable: false,
    })
  })

  it('may not send us into our own network', async () => {
    world.route(WELL_KNOWN, (_asked, response) =>
      response.writeHead(302, { location: 'http://192.168.0.1/' }).end(),
    )
    const failed = await failure(resolve({ doh: '', resolver: '' }))
    expect(failed['tried']).toEqual({ 'well-known': 'pds.address-refused' })
  })
})

describe('by the resolver', () => {
  it('is asked when the other ways know nothing', async () => {
    world.json(DOH, { Status: 3 })
    world.json(RESOLVE, { did })
    expect(await resolve()).toEqual({ did, via: 'resolver' })
    expect(world.asked.at(-1)).toBe(`${RESOLVE}?handle=${handle}`)
  })

  it('is not kept waiting by a web server that hangs', async () => {
    world.json(DOH, { Status: 3 })
    world.route(WELL_KNOWN, () => {})
    world.json(RESOLVE, { did })
    const answered = Promise.all([world.whenAsked(WELL_KNOWN), world.whenAsked(DOH)])
    const resolved = resolve()
    await answered
    world.timers.advance(6000)
    expect(await resolved).toEqual({ did, via: 'resolver' })
  })
})

describe('when nobody knows', () => {
  it('tells what each way said', async () => {
    world.json(DOH, { Status: 3 })
    text(WELL_KNOWN, '', 404)
    world.json(RESOLVE, { error: 'InvalidRequest', message: 'Unable to resolve handle' }, 400)
    expect(await failure(resolve())).toEqual({
      code: 'pds.handle-unresolved',
      handle,
      tried: { dns: 'no-record', 'well-known': 'http-404', resolver: 'pds.http' },
      retriable: false,
    })
  })

  it('takes the no of the resolver for a no, though the web server could not be reached', async () => {
    world.json(DOH, { Status: 3 })
    world.json(RESOLVE, { error: 'InvalidRequest', message: 'Unable to resolve handle' }, 400)
    expect(await failure(resolve())).toMatchObject({
      tried: { 'well-known': 'pds.network' },
      retriable: false,
    })
    expect(await failure(resolve({ ...endpoints, resolver: '' }))).toMatchObject({ retriable: true })
  })

  it('says that a later try may help when a way was broken', async () => {
    expect(await failure(resolve())).toEqual({
      code: 'pds.handle-unresolved',
      handle,
      tried: { dns: 'pds.network', 'well-known': 'pds.network', resolver: 'pds.network' },
      retriable: true,
    })
  })

  it('can be cancelled', async () => {
    world.route(DOH, () => {})
    world.route(WELL_KNOWN, () => {})
    const controller = new AbortController()
    const asked = world.whenAsked(DOH)
    const failed = failure(resolve(endpoints, controller.signal))
    await asked
    controller.abort()
    expect(await failed).toEqual({ code: 'pds.cancelled' })
    expect(world.asked.some((url) => url.startsWith(RESOLVE))).toBe(false)
  })
})

describe('checkHandle', () => {
  it('takes handles in any case', () => {
    expect(checkHandle('Alice.Cairn-Test.ORG', false)).toBe('alice.cairn-test.org')
  })

  it.each(['', 'alice', 'alice..org', '-a.org', 'a.1', 'a b.org', `${'a'.repeat(64)}.org`])(
    'refuses %j',
    async (text) => {
      const run = Promise.resolve().then(() => checkHandle(text, true))
      expect(await failure(run)).toMatchObject({ code: 'pds.handle-invalid', reason: 'syntax' })
    },
  )

  it('refuses reserved endings, and the two for development unless asked to', async () => {
    const refused = (text: string, allowLocal: boolean): Promise<Record<string, unknown>> =>
      failure(Promise.resolve().then(() => checkHandle(text, allowLocal)))
    for (const tld of ['alt', 'arpa', 'example', 'internal', 'invalid', 'local', 'onion']) {
      expect(await refused(`a.${tld}`, true)).toMatchObject({
        code: 'pds.handle-invalid',
        reason: 'reserved-tld',
      })
    }
    expect(await refused('a.test', false)).toMatchObject({ reason: 'reserved-tld' })
    expect(await refused('a.localhost', false)).toMatchObject({ reason: 'reserved-tld' })
    expect(checkHandle('a.test', true)).toBe('a.test')
    expect(checkHandle('a.localhost', true)).toBe('a.localhost')
  })
})
