import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { retryAfter } from './http-error.ts'
import { failure } from './testing/errors.ts'
import { createWorld, type World } from './testing/world.ts'
import { queryJson, queryStream, queryUrl } from './xrpc.ts'

let world: World
const HOST = 'pds.cairn-test.org'
const service = `https://${HOST}`
const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const query = { service, method: 'com.atproto.sync.getRepo', params: { did } }
const endpoint = `${service}/xrpc/${query.method}`

beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.close())

describe('queryUrl', () => {
  it('puts parameters in, repeats lists and leaves out what is not given', () => {
    const params = { did: 'did:web:a%3A1', cids: ['x', 'y'], limit: 3, since: undefined }
    expect(queryUrl({ service: 'https://a.org/', method: 'm.n.o', params })).toBe(
      'https://a.org/xrpc/m.n.o?did=did%3Aweb%3Aa%253A1&cids=x&cids=y&limit=3',
    )
  })

  it('refuses a service that is no URL', () => {
    expect(() => queryUrl({ ...query, service: 'pds' })).toThrowError(/pds.address-refused/)
  })
})

describe.each([
  ['a stream', () => queryStream(world.network(), query)],
  ['JSON', () => queryJson(world.network(), query)],
])('an error instead of %s', (_name, ask) => {
  it.each([
    ['RepoNotFound', 'pds.account-not-found'],
    ['RepoDeactivated', 'pds.account-deactivated'],
    ['AccountDeactivated', 'pds.account-deactivated'],
    ['RepoTakendown', 'pds.account-takendown'],
    ['AccountTakedown', 'pds.account-takendown'],
    ['RepoSuspended', 'pds.account-suspended'],
    ['AccountDeleted', 'pds.account-deleted'],
  ])('%s is %s', async (error, code) => {
    world.json(endpoint, { error, message: 'words' }, 400)
    expect(await failure(ask())).toEqual({ code, host: HOST, did, error })
  })

  it.each([
    [
      400,
      { error: 'InvalidRequest', message: 'no' },
      { error: 'InvalidRequest', message: 'no', retriable: false },
    ],
    [401, { error: 'AuthMissing' }, { error: 'AuthMissing', retriable: false }],
    [404, 'not an object', { error: undefined, retriable: false }],
    [501, { error: 'MethodNotImplemented' }, { error: 'MethodNotImplemented', retriable: false }],
    [500, { error: 'InternalServerError' }, { retriable: true }],
    [502, null, { error: undefined, retriable: true }],
    [503, { error: 17, message: {} }, { error: undefined, message: undefined, retriable: true }],
    [408, {}, { retriable: true }],
    [400, { error: 'toString' }, { error: 'toString' }],
    [400, { error: 'x'.repeat(5000) }, { error: 'x'.repeat(256) }],
  ])('status %i is told as it is', async (status, body, fields) => {
    world.json(endpoint, body, status)
    expect(await failure(ask())).toMatchObject({ code: 'pds.http', host: HOST, status, ...fields })
  })

  it('may be a web page', async () => {
    world.route(endpoint, (_asked, response) => response.writeHead(502).end('<h1>Bad gateway</h1>'))
    expect(await failure(ask())).toMatchObject({
      code: 'pds.http',
      status: 502,
      error: undefined,
      retriable: true,
    })
  })

  it('of 429 says how long to wait', async () => {
    world.json(endpoint, { error: 'RateLimitExceeded' }, 429, { 'retry-after': '12' })
    expect(await failure(ask())).toEqual({ code: 'pds.rate-limited', host: HOST, retryAfter: 12_000 })
  })
})

describe('an endless error', () => {
  it('is read only so far', async () => {
    const closed = Promise.withResolvers<void>()
    world.route(endpoint, (_asked, response) => {
      response.on('close', closed.resolve)
      response.writeHead(500)
      const pump = (): void => {
        while (!response.closed && response.write('x'.repeat(32_768)));
        if (!response.closed) response.once('drain', pump)
      }
      pump()
    })
    expect(await failure(queryStream(world.network(), query))).toMatchObject({
      code: 'pds.http',
      status: 500,
    })
    await closed.promise
  })
})

describe('queryJson', () => {
  it('gives the object', async () => {
    world.json(endpoint, { rev: 'x' })
    expect(await queryJson(world.network(), query)).toEqual({ rev: 'x' })
  })

  it.each([
    ['[1]', 'not-an-object'],
    ['null', 'not-an-object'],
    ['"text"', 'not-an-object'],
    ['<html>', 'not-json'],
  ])('refuses %s', async (body, reason) => {
    world.route(endpoint, (_asked, response) => response.end(body))
    expect(await failure(queryJson(world.network(), query))).toEqual({
      code: 'pds.bad-response',
      host: HOST,
      reason,
    })
  })
})

describe('retryAfter', () => {
  const now = Date.parse('2024-06-01T00:00:00.000Z')
  it.each([
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '120' }, 120_000],
    [{ 'retry-after': 'Sat, 01 Jun 2024 00:01:00 GMT' }, 60_000],
    [{ 'retry-after': 'Fri, 31 May 2024 00:01:00 GMT' }, 0],
    [{ 'retry-after': 'soon', 'ratelimit-reset': '5' }, 5000],
    [{ 'ratelimit-reset': String(now / 1000 + 30) }, 30_000],
    [{ 'ratelimit-reset': '30' }, 30_000],
    [{ 'ratelimit-reset': '-1' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('%j is %s ms', (headers, expected) => {
    expect(retryAfter(new Headers(headers as Record<string, string>), now)).toBe(expected)
  })
})
