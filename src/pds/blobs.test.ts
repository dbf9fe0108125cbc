import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cidString, CODEC_DAG_CBOR, CODEC_RAW } from '../core/cid.ts'
import { getBlob, listBlobs, type BlobListPage } from './blobs.ts'
import { failure } from './testing/errors.ts'
import { createWorld, type World } from './testing/world.ts'

let world: World
const pds = 'https://pds.cairn-test.org'
const host = 'pds.cairn-test.org'
const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const LIST = `${pds}/xrpc/com.atproto.sync.listBlobs`
const BLOB = `${pds}/xrpc/com.atproto.sync.getBlob`
const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const cidOf = (text: string): string => cidString(CODEC_RAW, digest(Buffer.from(text)))

beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.close())

async function all(request: Partial<Parameters<typeof listBlobs>[1]> = {}): Promise<BlobListPage[]> {
  const pages: BlobListPage[] = []
  for await (const page of listBlobs(world.network(), { pds, did, ...request })) pages.push(page)
  return pages
}

/** Serves these pages by cursor: the first for none, then by their names. */
function servePages(pages: Record<string, unknown>): void {
  world.route(LIST, ({ url }, response) => {
    response.end(JSON.stringify(pages[url.searchParams.get('cursor') ?? ''] ?? { cids: [] }))
  })
}

describe('listBlobs', () => {
  it('follows the cursor to the end', async () => {
    servePages({
      '': { cids: [cidOf('a'), cidOf('b')], cursor: 'one' },
      one: { cids: [], cursor: 'two' },
      two: { cids: [cidOf('c')] },
    })
    expect((await all()).flatMap(({ cids }) => cids)).toEqual([cidOf('a'), cidOf('b'), cidOf('c')])
    expect(world.asked).toHaveLength(3)
    expect(world.asked[0]).toContain('limit=1000')
  })

  it('goes on from a kept cursor, and asks since a rev', async () => {
    servePages({ one: { cids: [cidOf('c')], cursor: '' } })
    expect(await all({ cursor: 'one', since: '3kabcdefgh22a' })).toEqual([
      { cids: [cidOf('c')], cursor: undefined },
    ])
    expect(world.asked[0]).toContain('since=3kabcdefgh22a&cursor=one')
  })

  it('stops asking when the reader stops', async () => {
    servePages({ '': { cids: [cidOf('a')], cursor: 'one' }, one: { cids: [cidOf('b')], cursor: 'two' } })
    for await (const page of listBlobs(world.network(), { pds, did })) {
      expect(page.cids).toEqual([cidOf('a')])
      break
    }
    expect(world.asked).toHaveLength(1)
  })

  it('drops what is no CID', async () => {
    servePages({ '': { cids: ['x', 17, null, cidOf('a'), { $link: cidOf('b') }] } })
    expect(await all()).toEqual([{ cids: [cidOf('a')], cursor: undefined }])
  })

  it.each([
    [
      'a cursor that comes again',
      { '': { cids: [cidOf('a')], cursor: 'one' }, one: { cids: [cidOf('a')], cursor: 'one' } },
      2,
    ],
    [
      'cursors in a circle',
      {
        '': { cids: [cidOf('a')], cursor: 'x' },
        x: { cids: [cidOf('b')], cursor: 'y' },
        y: { cids: [cidOf('c')], cursor: 'x' },
      },
      3,
    ],
  ])('refuses %s', async (_name, pages, requests) => {
    servePages(pages)
    expect(await failure(all())).toEqual({ code: 'pds.bad-response', host, reason: 'cursor-loop' })
    expect(world.asked).toHaveLength(requests)
  })

  it('refuses empty pages without end', async () => {
    let page = 0
    world.route(LIST, (_asked, response) =>
      response.end(JSON.stringify({ cids: [], cursor: `page ${page++}` })),
    )
    expect(await failure(all())).toMatchObject({ code: 'pds.bad-response', reason: 'cursor-loop' })
    expect(page).toBe(4)
  })

  it.each([
    [{ cursor: 'one' }, 'cids'],
    [{ cids: 'none' }, 'cids'],
    [{ cids: [], cursor: 7 }, 'cursor'],
    [{ cids: [], cursor: 'x'.repeat(2000) }, 'cursor'],
  ])('refuses %j', async (answer, reason) => {
    world.json(LIST, answer)
    expect(await failure(all())).toEqual({ code: 'pds.bad-response', host, reason })
  })

  it('refuses a page of megabytes', async () => {
    world.json(LIST, { cids: Array.from({ length: 20_000 }, () => cidOf('a')) })
    expect(await failure(all())).toMatchObject({ code: 'pds.too-large' })
  })

  it('lets each page be tried again on its own', async () => {
    servePages({ '': { cids: [cidOf('a')], cursor: 'one' }, one: { cids: [cidOf('b')] } })
    let broken = 1
    const run = async <T>(page: () => Promise<T>): Promise<T> =>
      broken-- === 0 ? await page() : await page().then(page)
    expect((await all({ run })).flatMap(({ cids }) => cids)).toEqual([cidOf('a'), cidOf('b')])
  })
})

describe('getBlob', () => {
  const get = async (cid: string, maxBytes?: number): Promise<Uint8Array> => {
    const whole = await getWhole(cid, maxBytes)
    return whole instanceof Blob ? new Uint8Array(await whole.arrayBuffer()) : whole
  }
  const getWhole = (cid: string, maxBytes?: number) =>
    getBlob(world.network(), { pds, did, cid, ...(maxBytes === undefined ? {} : { maxBytes }) })

  it('gives bytes that are what their CID says, however they are cut', async () => {
    const bytes = Buffer.alloc(300_000, 'stone')
    world.route(BLOB, (_asked, response) => {
      response.write(bytes.subarray(0, 1))
      response.write(bytes.subarray(1, 70_000))
      response.end(bytes.subarray(70_000))
    })
    expect(Buffer.from(await get(cidString(CODEC_RAW, digest(bytes))))).toEqual(bytes)
    expect(world.asked[0]).toContain(`did=did%3Aplc%3Aewvi7nxzyoun6zhxrhs64oiz&cid=bafkrei`)
  })

  it('gives a large one as what the host keeps, and a small one as bytes', async () => {
    const bytes = Buffer.alloc(9 * 1024 * 1024, 'a long film of stones')
    world.route(BLOB, (_asked, response) => response.end(bytes))
    const large = await getWhole(cidString(CODEC_RAW, digest(bytes)))
    expect(large).toBeInstanceOf(Blob)
    expect(large instanceof Blob && Buffer.from(await large.arrayBuffer()).equals(bytes)).toBe(true)
    world.route(BLOB, (_asked, response) => response.end('stone'))
    expect(await getWhole(cidOf('stone'))).toBeInstanceOf(Uint8Array)
  })

  it('gives several at once', async () => {
    world.route(BLOB, ({ url }, response) => {
      response.end(['a', 'b', 'c', ''].find((text) => cidOf(text) === url.searchParams.get('cid')))
    })
    const texts = await Promise.all(
      ['a', 'b', 'c', ''].map(async (text) => Buffer.from(await get(cidOf(text))).toString()),
    )
    expect(texts).toEqual(['a', 'b', 'c', ''])
  })

  it('refuses other bytes, fewer, and more', async () => {
    for (const body of ['other', 'ston', 'stones', '']) {
      world.route(BLOB, (_asked, response) => response.end(body))
      const cid = cidOf('stone')
      expect(await failure(get(cid))).toEqual({ code: 'pds.blob-mismatch', host, did, cid, reason: 'hash' })
    }
  })

  it('asks for nothing that cannot be checked', async () => {
    const record = cidString(CODEC_DAG_CBOR, digest(Buffer.from('x')))
    for (const cid of [record, 'bafkreinonsense', '', 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG']) {
      expect(await failure(get(cid))).toMatchObject({ code: 'pds.blob-mismatch', reason: 'unsupported-cid' })
    }
    expect(world.asked).toEqual([])
  })

  it.each([
    [400, { error: 'BlobNotFound' }],
    [400, { error: 'InvalidRequest', message: 'Blob not found' }],
    [404, '<html>'],
  ])('says that a blob is missing: %i %j', async (status, body) => {
    world.json(BLOB, body, status)
    expect(await failure(get(cidOf('a')))).toEqual({ code: 'pds.blob-missing', host, did, cid: cidOf('a') })
  })

  it.each([
    [400, { error: 'RepoTakendown' }, 'pds.account-takendown'],
    [400, { error: 'InvalidRequest', message: 'Bad did' }, 'pds.http'],
    [500, {}, 'pds.http'],
  ])('does not take another error for a missing blob: %i %j', async (status, body, code) => {
    world.json(BLOB, body, status)
    expect(await failure(get(cidOf('a')))).toMatchObject({ code })
  })

  it('refuses one over its budget', async () => {
    world.route(BLOB, (_asked, response) => response.end('stone'))
    expect(await failure(get(cidOf('stone'), 4))).toEqual({ code: 'pds.too-large', host, limit: 4 })
    expect(await get(cidOf('stone'), 5)).toHaveLength(5)
  })
})
