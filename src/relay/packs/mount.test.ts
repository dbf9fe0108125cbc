import { hash } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../core/bytes.ts'
import { realHost } from '../../net/testing/nodes.ts'
import { decodePack } from '../../pack/pack-reader.ts'
import { createPackHandler, type PackHandler } from '../../sync/packs/handler.ts'
import { httpPacks } from '../../sync/packs/http-client.ts'
import { MAX_REQUEST_BYTES, type PackSource, type PullAsk } from '../../sync/packs/model.ts'
import { writeRequest } from '../../sync/packs/request.ts'
import { withPacksHttp } from './testing/packs-http.ts'

const ALICE = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const PACK = 'application/vnd.syncular.sync-pack.v1'
const chunk = utf8('SBT1 of some bytes')

/** One repo with a record that compresses well, and a chunk for those who name it. */
const source: PackSource = {
  owns: (id) => id === ALICE,
  async pull({ id }) {
    const scopes = { repo: id }
    const row = { record: new Uint8Array(50_000) }
    return {
      id,
      status: 'active',
      scopes,
      bootstrap: false,
      nextCursor: 5,
      commits: [
        {
          commitSeq: 5,
          createdAt: '2026-01-01T00:00:00.000Z',
          actorId: id,
          changes: [{ table: 'app.test.thing', rowId: 'a', op: 'upsert', row, scopes }],
          schemas: [{ table: 'app.test.thing', columns: [{ name: 'record', type: 'bytes' }] }],
        },
      ],
    }
  },
  async chunk(id, scopes) {
    return id === 'a/b c' && scopes['repo'] === ALICE ? chunk : undefined
  },
}
const handler = (): PackHandler => createPackHandler({ sources: [source] })
const ask: PullAsk = { id: ALICE, held: undefined, cursor: -1 }
const body = (): Uint8Array<ArrayBuffer> =>
  writeRequest({ type: 'sync', clientId: 'c', push: undefined, pull: [ask] })
const post = (url: string, init: RequestInit = {}): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: body(), ...init })
const open = (url: string, timers = realHost.timers) => httpPacks(url, fetch, { timers, clientId: 'c' })

/** The bytes of an answer as they are on the line. */
const rawPost = (url: string, encoding: string): Promise<{ encoding: string | undefined; bytes: number }> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'accept-encoding': encoding }
    const sent = httpRequest(url, { method: 'POST', headers }, (response) => {
      let bytes = 0
      response.on('data', (part: Buffer) => (bytes += part.length))
      response.on('end', () => resolve({ encoding: response.headers['content-encoding'], bytes }))
    })
    sent.on('error', reject)
    sent.end(body())
  })

describe('POST /sync', () => {
  it('answers with a pack, to pages of any origin', () =>
    withPacksHttp(handler(), async (url) => {
      for (const at of [url, `${url}/`]) {
        const response = await post(at)
        expect(response.status).toBe(200)
        expect(response.headers.get('content-type')).toBe(PACK)
        expect(response.headers.get('access-control-allow-origin')).toBe('*')
        expect(response.headers.get('cache-control')).toBe('no-store')
        const pack = decodePack(new Uint8Array(await response.arrayBuffer()))
        expect(pack.pull?.subscriptions.map((it) => it.id)).toEqual([ALICE])
      }
    }))

  it('gzips for who takes that', () =>
    withPacksHttp(handler(), async (url) => {
      const plain = await rawPost(url, 'identity')
      expect(plain.encoding).toBeUndefined()
      expect(plain.bytes).toBeGreaterThan(50_000)
      expect((await rawPost(url, 'gzip;q=0')).encoding).toBeUndefined()
      const packed = await rawPost(url, 'br, gzip')
      expect(packed.encoding).toBe('gzip')
      expect(packed.bytes).toBeLessThan(2000)
    }))

  it.each([
    ['another method', 405, { method: 'PUT' }],
    ['another type', 415, { headers: { 'content-type': 'text/plain' } }],
    ['packed', 415, { headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } }],
    ['not JSON', 400, { body: '{' }],
    ['not a request', 400, { body: '{}' }],
    ['too long', 413, { body: 'x'.repeat(MAX_REQUEST_BYTES + 1) }],
  ] as const)('%s is %i', (_, status, init) =>
    withPacksHttp(handler(), async (url) => {
      const response = await post(url, init)
      expect(response.status).toBe(status)
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
      expect(await response.json()).toEqual({
        error: status === 413 ? 'runtime.limit_exceeded' : 'sync.invalid_request',
        category: status === 413 ? 'limit-exceeded' : 'invalid-request',
        retryable: false,
        recommendedAction: status === 413 ? 'reduceInput' : 'fixRequest',
        message: expect.any(String),
      })
    }),
  )

  it('too long without a told length is refused while it comes', () =>
    withPacksHttp(handler(), async (url) => {
      const part = new Uint8Array(1 << 20).fill(0x20)
      let parts = 0
      const stream = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (parts++ < 64) controller.enqueue(part)
          else controller.close()
        },
      })
      // Either the refusal is read, or the line breaks off first: never is all of it taken.
      const init = { body: stream, duplex: 'half' } as RequestInit
      const status = await post(url, init).then(
        (response) => response.status,
        () => 413,
      )
      expect(status).toBe(413)
      expect(parts).toBeLessThan(64)
    }))

  it('more operations than a commit may have is 413', () =>
    withPacksHttp(handler(), async (url) => {
      const operation = { table: 't', row_id: 'r', op: 'upsert', payload: {} }
      const operations = Array.from({ length: 202 }, () => operation)
      const commits = [{ clientCommitId: 'x', schemaVersion: 1, operations }]
      const response = await post(url, { body: JSON.stringify({ clientId: 'c', push: { commits } }) })
      expect(response.status).toBe(413)
      expect(await response.json()).toMatchObject({
        error: 'sync.too_many_operations',
        recommendedAction: 'splitBatch',
      })
    }))

  it('is 404 where nothing is kept, and elsewhere under its prefix', () =>
    withPacksHttp(undefined, async (url) => {
      const response = await post(url)
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ error: 'sync.not_found' })
      expect(await (await post(`${url}hronise`)).text()).toBe('not packs')
    }))

  it('lets a page ask beforehand', () =>
    withPacksHttp(handler(), async (url) => {
      const headers = { 'access-control-request-headers': 'content-type,x-syncular-snapshot-scopes' }
      const response = await fetch(url, { method: 'OPTIONS', headers })
      expect(response.status).toBe(204)
      expect(response.headers.get('access-control-allow-methods')).toContain('POST')
      expect(response.headers.get('access-control-allow-headers')).toBe(
        headers['access-control-request-headers'],
      )
    }))
})

describe('GET /sync/chunks', () => {
  const scopes = JSON.stringify({ repo: ALICE })
  const at = (url: string, query = ''): string => `${url}/chunks/${encodeURIComponent('a/b c')}${query}`

  it('gives a chunk to who names its scopes, and nothing when it is known', () =>
    withPacksHttp(handler(), async (url) => {
      const response = await fetch(at(url), { headers: { 'x-syncular-snapshot-scopes': scopes } })
      expect(response.status).toBe(200)
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(chunk)
      const sha256 = hash('sha256', chunk)
      expect(response.headers.get('x-sync-chunk-sha256')).toBe(sha256)
      const etag = response.headers.get('etag') ?? ''
      expect(etag).toBe(`"sha256:${sha256}"`)
      const query = `?scopes=${encodeURIComponent(scopes)}`
      const again = await fetch(at(url, query), { headers: { 'if-none-match': etag } })
      expect([again.status, await again.text()]).toEqual([304, ''])
    }))

  it.each([
    ['without scopes', '', 400],
    ['with scopes that are none', '?scopes=[]', 400],
    ['with the scopes of another', `?scopes=${JSON.stringify({ repo: 'did:plc:b' })}`, 404],
  ])('%s', (_, query, status) =>
    withPacksHttp(handler(), async (url) => {
      expect((await fetch(at(url, query))).status).toBe(status)
      // Nobody learns by an ETag what is here.
      const headers = { 'if-none-match': `"sha256:${hash('sha256', chunk)}"` }
      expect((await fetch(at(url, query), { headers })).status).toBe(status)
    }),
  )

  it('takes no other method', () =>
    withPacksHttp(handler(), async (url) => {
      const response = await fetch(at(url), { method: 'POST' })
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    }))
})

describe('the client over HTTP', () => {
  it('pulls and fetches chunks as over a stream', () =>
    withPacksHttp(handler(), async (url) => {
      const client = open(url)
      expect(client.peer).toBe(new URL(url).origin)
      const { answers } = await client.pull([ask, { ...ask, id: 'did:plc:b' }])
      expect(answers.get(ALICE)?.commits.length).toBe(1)
      expect(answers.get('did:plc:b')?.status).toBe('revoked')
      expect(await client.chunk('a/b c', { repo: ALICE })).toEqual(chunk)
      expect(await client.chunk('other', { repo: ALICE })).toBeUndefined()
      await expect(client.chunk('other', { repo: 'x'.repeat(20_000) })).rejects.toMatchObject({
        code: 'net.refused',
      })
      // One that failed does not end it.
      expect((await client.pull([ask])).answers.size).toBe(1)
      await client.close()
      await expect(client.pull([ask])).rejects.toMatchObject({ code: 'net.closed' })
    }))

  it('tells what is no relay, and what is silent', () =>
    withPacksHttp(handler(), async (url) => {
      await expect(open(`${url}/elsewhere`).pull([ask])).rejects.toMatchObject({
        code: 'net.refused',
        fields: { reason: 'http-404' },
      })
      await expect(open('http://127.0.0.1:1/sync').pull([ask])).rejects.toMatchObject({ code: 'net.reset' })
      const impatient = { after: (_: number, run: () => void) => (queueMicrotask(run), () => {}) }
      await expect(open(url, impatient).pull([ask])).rejects.toMatchObject({ code: 'net.timeout' })
    }))
})
