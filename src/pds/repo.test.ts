import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collect } from './body.ts'
import { getBlocks, getLatestCommit, getRepo, getRepoStatus, MAX_BLOCKS_PER_REQUEST } from './repo.ts'
import { failure } from './testing/errors.ts'
import { createWorld, type World } from './testing/world.ts'

let world: World
const pds = 'https://pds.cairn-test.org'
const host = 'pds.cairn-test.org'
const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const rev = '3kabcdefgh22a'
const cid = 'bafyreibfvkh3n6odvdpwj54j4xxdsgnn4zo5utbyf7z7nfbyikhtygzjcq'
const at = (method: string): string => `${pds}/xrpc/com.atproto.sync.${method}`
const car = Buffer.from('pretend CAR bytes, which are proven elsewhere')

beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.close())

describe('getRepo', () => {
  it('streams the bytes and says how many there will be', async () => {
    let accept: string | undefined
    world.route(at('getRepo'), ({ message }, response) => {
      accept = message.headers.accept
      response.writeHead(200, { 'content-length': car.length }).end(car)
    })
    const { body, totalBytes } = await getRepo(world.network(), { pds, did })
    expect(totalBytes).toBe(car.length)
    expect(Buffer.from(await collect(body))).toEqual(car)
    expect(accept).toBe('application/vnd.ipld.car')
    expect(world.asked).toEqual([`${at('getRepo')}?did=did%3Aplc%3Aewvi7nxzyoun6zhxrhs64oiz`])
  })

  it('asks for changes since a rev, and for no rev that would break the server', async () => {
    world.route(at('getRepo'), (_asked, response) => {
      response.write(car)
      response.end()
    })
    const { totalBytes, body } = await getRepo(world.network(), { pds, did, since: rev })
    await body.cancel()
    expect(totalBytes).toBeUndefined()
    expect(world.asked[0]).toContain(`&since=${rev}`)
    await expect(getRepo(world.network(), { pds, did, since: 'yesterday' })).rejects.toThrowError(RangeError)
  })

  it('does not take the length of a compressed answer for the length of the bytes', async () => {
    const packed = gzipSync(car)
    world.route(at('getRepo'), (_asked, response) => {
      response.writeHead(200, { 'content-length': packed.length, 'content-encoding': 'gzip' }).end(packed)
    })
    const { body, totalBytes } = await getRepo(world.network(), { pds, did })
    expect(totalBytes).toBeUndefined()
    expect(Buffer.from(await collect(body))).toEqual(car)
  })

  it('refuses a repo over its budget, told beforehand or not', async () => {
    const request = { pds, did, maxBytes: car.length - 1 }
    world.route(at('getRepo'), (_asked, response) => {
      response.writeHead(200, { 'content-length': car.length }).end(car)
    })
    expect(await failure(getRepo(world.network(), request))).toEqual({
      code: 'pds.too-large',
      host,
      limit: car.length - 1,
    })
    world.route(at('getRepo'), (_asked, response) => {
      response.write(car.subarray(0, 10))
      response.end(car.subarray(10))
    })
    const { body } = await getRepo(world.network(), request)
    expect(await failure(collect(body))).toMatchObject({ code: 'pds.too-large' })
    const { body: all } = await getRepo(world.network(), { ...request, maxBytes: car.length })
    expect(await collect(all)).toHaveLength(car.length)
  })

  it('tells a taken-down account from a broken transfer', async () => {
    world.json(at('getRepo'), { error: 'RepoTakendown', message: 'gone' }, 400)
    expect(await failure(getRepo(world.network(), { pds, did }))).toMatchObject({
      code: 'pds.account-takendown',
      did,
    })
    world.route(at('getRepo'), (_asked, response) => {
      response.writeHead(200, { 'content-length': car.length })
      response.write(car.subarray(0, 20), () => response.destroy())
    })
    const { body } = await getRepo(world.network(), { pds, did })
    expect(await failure(collect(body))).toMatchObject({ code: 'pds.network', retriable: true, bytes: 20 })
  })

  it('goes to no private address unless that is allowed', async () => {
    world.route(`${world.origin}/xrpc/com.atproto.sync.getRepo`, (_asked, response) => response.end(car))
    const request = { pds: world.origin, did }
    expect(await failure(getRepo(world.network(), request))).toMatchObject({ code: 'pds.address-refused' })
    expect(world.asked).toEqual([])
    const { body } = await getRepo(world.network({ allowLocal: true }), request)
    expect(Buffer.from(await collect(body))).toEqual(car)
  })
})

describe('getBlocks', () => {
  it('names each block', async () => {
    world.route(at('getBlocks'), (_asked, response) => response.end(car))
    const { body } = await getBlocks(world.network(), { pds, did, cids: [cid, cid] })
    await body.cancel()
    expect(world.asked[0]).toContain(`&cids=${cid}&cids=${cid}`)
  })

  it('takes as many as fit in a URL', async () => {
    world.route(at('getBlocks'), (_asked, response) => response.end(car))
    const cids = Array.from({ length: MAX_BLOCKS_PER_REQUEST }, () => cid)
    const { body } = await getBlocks(world.network(), { pds, did, cids })
    expect(await collect(body)).toHaveLength(car.length)
    await expect(getBlocks(world.network(), { pds, did, cids: [...cids, cid] })).rejects.toThrowError(
      RangeError,
    )
    await expect(getBlocks(world.network(), { pds, did, cids: [] })).rejects.toThrowError(RangeError)
  })
})

describe('getLatestCommit', () => {
  it('gives CID and rev', async () => {
    world.json(at('getLatestCommit'), { cid, rev })
    expect(await getLatestCommit(world.network(), { pds, did })).toEqual({ cid, rev })
  })

  it.each([{}, { cid, rev: 'x' }, { cid: 'x', rev }, { cid: 1, rev }])('refuses %j', async (answer) => {
    world.json(at('getLatestCommit'), answer)
    expect(await failure(getLatestCommit(world.network(), { pds, did }))).toEqual({
      code: 'pds.bad-response',
      host,
      reason: 'commit',
    })
  })
})

describe('getRepoStatus', () => {
  const status = async (): Promise<unknown> => await getRepoStatus(world.network(), { pds, did })

  it.each([
    [
      { did, active: true, rev },
      { status: 'active', rev },
    ],
    [{ did, active: true, status: 'throttled', rev: 'x' }, { status: 'active' }],
    [{ did, active: false, status: 'deactivated' }, { status: 'deactivated' }],
    [
      { did, active: false, status: 'takendown', rev },
      { status: 'takendown', rev },
    ],
    [{ did, active: false, status: 'suspended' }, { status: 'suspended' }],
    [{ did, active: false, status: 'deleted' }, { status: 'deleted' }],
    [{ did, active: false, status: 'constructor' }, { status: 'unknown' }],
    [{ did, active: false }, { status: 'unknown' }],
    [{ did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', active: true }, { status: 'unknown' }],
    [{ did, active: 'yes' }, { status: 'unknown' }],
    [[], { status: 'unknown' }],
  ])('%j', async (answer, expected) => {
    world.json(at('getRepoStatus'), answer)
    expect(await status()).toEqual({ rev: undefined, ...expected })
  })

  it.each([
    [400, { error: 'RepoNotFound' }, 'not-found'],
    [400, { error: 'RepoDeactivated' }, 'deactivated'],
    [501, { error: 'MethodNotImplemented' }, 'unknown'],
    [404, {}, 'unknown'],
    [503, {}, 'unreachable'],
    [429, {}, 'unknown'],
  ])('an error %i %j', async (code, body, expected) => {
    world.json(at('getRepoStatus'), body, code)
    expect(await status()).toEqual({ status: expected, rev: undefined })
  })

  it('a server that is away, or hangs', async () => {
    expect(await status()).toEqual({ status: 'unreachable', rev: undefined })
    world.route(at('getRepoStatus'), () => {})
    const asked = world.whenAsked(at('getRepoStatus'))
    const hanging = status()
    await asked
    world.timers.advance(60_000)
    expect(await hanging).toEqual({ status: 'unreachable', rev: undefined })
  })

  it('is cancelled as anything else', async () => {
    const run = getRepoStatus(world.network(), { pds, did, signal: AbortSignal.abort() })
    expect(await failure(run)).toEqual({ code: 'pds.cancelled' })
  })
})
