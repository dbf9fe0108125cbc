import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contentSecurityPolicy, metaContentSecurityPolicy } from './security-headers.ts'
import { createRelay } from './serve.ts'
import type { Relay } from './serve.ts'

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

const script = `export const text = ${JSON.stringify('stone '.repeat(1000))}\n`
const picture = randomBytes(3000)

let dir: string
let relay: Relay

/** The plain client of Node: it normalises no path and decodes no body. */
function ask(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  port = relay.port,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }),
      )
    })
    sent.on('error', reject)
    sent.end()
  })
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cairn-relay-'))
  await mkdir(join(dir, 'dist', 'assets'), { recursive: true })
  await writeFile(join(dir, 'secret.txt'), 'not for anyone')
  await writeFile(join(dir, 'dist', 'index.html'), '<!doctype html><title>Cairn</title>')
  await writeFile(join(dir, 'dist', '.sources'), 'stamp')
  await writeFile(join(dir, 'dist', 'service-worker.js'), script)
  await writeFile(join(dir, 'dist', 'manifest.webmanifest'), '{}')
  await writeFile(join(dir, 'dist', 'icon.png'), picture)
  await writeFile(join(dir, 'dist', 'assets', 'main-abc123.js'), script)
  await writeFile(join(dir, 'dist', 'assets', 'hash-abc123.wasm'), Buffer.alloc(2000))
  relay = await createRelay({ port: 0, host: '127.0.0.1', dist: join(dir, 'dist') })
})

afterAll(async () => {
  await relay.close()
  await rm(dir, { recursive: true })
})

describe('what is served', () => {
  it('says where a browser finds it', () => {
    expect(relay.url).toBe(`http://localhost:${relay.port}/`)
  })

  it.each([
    ['/', 'text/html; charset=utf-8', 'no-cache'],
    ['/service-worker.js', 'text/javascript; charset=utf-8', 'no-cache'],
    ['/manifest.webmanifest', 'application/manifest+json; charset=utf-8', 'no-cache'],
    ['/icon.png', 'image/png', 'no-cache'],
    ['/assets/main-abc123.js', 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
    ['/assets/hash-abc123.wasm', 'application/wasm', 'public, max-age=31536000, immutable'],
  ])('%s as %s, cached as %s', async (path, type, cache) => {
    const answer = await ask(path)
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe(type)
    expect(answer.headers['cache-control']).toBe(cache)
  })

  it('a page for every route of the app', async () => {
    for (const path of ['/settings', '/repo/did:plc:abc/app.bsky.feed.post', '/?from=home']) {
      const answer = await ask(path, { 'sec-fetch-mode': 'navigate', accept: 'text/html' })
      expect([path, answer.status]).toEqual([path, 200])
      expect(answer.body.toString()).toContain('<title>Cairn</title>')
    }
  })

  it('no page in place of a missing file', async () => {
    expect(
      (await ask('/assets/main-old.js', { 'sec-fetch-mode': 'navigate', accept: 'text/html' })).status,
    ).toBe(404)
    expect((await ask('/missing.png', { 'sec-fetch-mode': 'no-cors', accept: 'image/*' })).status).toBe(404)
    expect((await ask('/data', { 'sec-fetch-mode': 'cors', accept: '*/*' })).status).toBe(404)
    expect((await ask('/missing.js')).status).toBe(404)
    expect((await ask('/download/1', { 'sec-fetch-mode': 'navigate', accept: 'text/html' })).status).toBe(404)
  })

  it('health, for whatever watches the process', async () => {
    const answer = await ask('/healthz')
    expect([answer.status, answer.body.toString()]).toEqual([200, 'ok\n'])
  })
})

describe('nothing outside the built app', () => {
  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '//secret.txt',
    '/.sources',
    '/secret.txt%00.html',
  ])('%s', async (path) => {
    const answer = await ask(path)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(answer.body.toString()).not.toMatch(/not for anyone|stamp/)
  })

  it('a path that is no valid encoding', async () => {
    expect((await ask('/%ff%zz')).status).toBe(400)
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is refused', async (method) => {
    const answer = await ask('/', {}, method)
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD'])
  })
})

describe('compression', () => {
  const path = '/assets/main-abc123.js'

  it('brotli, then gzip, then neither, as the client takes them', async () => {
    const br = await ask(path, { 'accept-encoding': 'gzip, deflate, br' })
    expect(br.headers['content-encoding']).toBe('br')
    expect(brotliDecompressSync(br.body).toString()).toBe(script)
    const gz = await ask(path, { 'accept-encoding': 'gzip, br;q=0' })
    expect(gz.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(gz.body).toString()).toBe(script)
    const plain = await ask(path, { 'accept-encoding': 'identity' })
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(plain.body.toString()).toBe(script)
    expect([br, gz, plain].map((answer) => answer.headers['vary'])).toEqual(Array(3).fill('accept-encoding'))
  })

  it('leaves pictures alone', async () => {
    const answer = await ask('/icon.png', { 'accept-encoding': 'br' })
    expect(answer.headers['content-encoding']).toBeUndefined()
    expect(answer.body.equals(picture)).toBe(true)
  })

  it('HEAD has the headers of GET and no body', async () => {
    const get = await ask(path, { 'accept-encoding': 'br' })
    const head = await ask(path, { 'accept-encoding': 'br' }, 'HEAD')
    expect(head.body.length).toBe(0)
    for (const name of ['content-length', 'etag', 'content-type', 'content-encoding']) {
      expect([name, head.headers[name]]).toEqual([name, get.headers[name]])
    }
  })
})

describe('asking again', () => {
  it('304 for the same bytes in the same encoding, 200 otherwise', async () => {
    const first = await ask('/service-worker.js', { 'accept-encoding': 'br' })
    const etag = first.headers.etag ?? ''
    const again = await ask('/service-worker.js', { 'accept-encoding': 'br', 'if-none-match': etag })
    expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, etag])
    const weak = await ask('/service-worker.js', {
      'accept-encoding': 'br',
      'if-none-match': `"x", W/${etag}`,
    })
    expect(weak.status).toBe(304)
    const plain = await ask('/service-worker.js', { 'if-none-match': etag })
    expect(plain.status).toBe(200)
    expect(plain.headers.etag).not.toBe(etag)
  })
})

describe('the policy', () => {
  it('stands on every answer, errors too', async () => {
    for (const path of ['/', '/icon.png', '/healthz', '/missing.js', '/%zz']) {
      const { headers } = await ask(path)
      expect([path, headers['content-security-policy']]).toEqual([path, contentSecurityPolicy])
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['referrer-policy']).toBe('no-referrer')
      expect(headers['cross-origin-opener-policy']).toBe('same-origin')
    }
  })

  it('allows no inline script, no eval but wasm, no framing', () => {
    expect(contentSecurityPolicy).toContain("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';")
    expect(contentSecurityPolicy).not.toMatch(/unsafe-(inline|hashes)|'unsafe-eval'/)
    expect(contentSecurityPolicy).toBe(`${metaContentSecurityPolicy}; frame-ancestors 'none'`)
  })
})

describe('starting and stopping', () => {
  it('says when the port is taken', async () => {
    const second = createRelay({ port: relay.port, host: '127.0.0.1', dist: join(dir, 'dist') })
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it('does not start without a built app', async () => {
    await expect(
      createRelay({ port: 0, host: '127.0.0.1', dist: join(dir, 'dist', 'assets') }),
    ).rejects.toThrow(/not built/)
  })

  it('frees its port when it closes', async () => {
    const other = await createRelay({ port: 0, host: '127.0.0.1', dist: join(dir, 'dist') })
    expect((await ask('/healthz', {}, 'GET', other.port)).status).toBe(200)
    await other.close()
    await expect(ask('/healthz', {}, 'GET', other.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})
