import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { downloadPrefix } from '../cairn/download-messages.ts'
import { compressible, mediaType } from './mime.ts'
import { securityHeaders } from './security-headers.ts'

const toBrotli = promisify(brotliCompress)
const toGzip = promisify(gzip)

/** Below this many bytes a packet is sent either way; compressing buys nothing. */
const smallestWorthCompressing = 1024

/** Brotli at 9 of 11: within 3 % of the best size for a fifth of the time; once per file and start. */
const brotliQuality = 9

type Encoding = 'br' | 'gzip' | 'identity'

interface StaticFile {
  readonly type: string
  readonly cache: string
  readonly hash: string
  readonly body: Buffer
  /** made when first asked for, then kept */
  readonly encoded: Map<Encoding, Promise<Buffer>>
}

/** Answers one GET or HEAD from the files; the caller has sorted out every other method. */
export type StaticHandler = (
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>

/**
 * Serves a built app from memory. The list of files is read once, at start: a request is a lookup in
 * that list, so no path a client sends ever reaches the file system.
 *
 * - Files under `assets/` carry their hash in their name and are immutable; all else is asked for again
 *   each time and answered 304 when it is the same (RFC 9110, If-None-Match).
 * - A path that names no file gets `index.html` when a page is being opened (the app routes it itself)
 *   and 404 otherwise, so that a missing script is an error and not a page.
 *
 * Rejects when `dir` is not there or holds no `index.html`.
 */
export async function serveStatic(dir: string): Promise<StaticHandler> {
  const files = await load(dir)
  const index = files.get('/index.html')
  if (index === undefined) throw new Error(`No index.html in ${dir}: the app is not built.`)

  return async (path, request, response) => {
    const file = files.get(path === '/' ? '/index.html' : path)
    if (file !== undefined) return send(file, request, response)
    if (opensPage(path, request)) return send(index, request, response)
    sendText(response, 404, 'Not found\n')
  }
}

/** Answers with a short text, with the headers that every answer carries. */
export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    ...securityHeaders,
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(text)
}

/** A route of the app: no extension in its last part, or a browser that says it navigates. */
function opensPage(path: string, request: IncomingMessage): boolean {
  const hidden = path.split('/').some((part) => part.startsWith('.'))
  // Downloads are answered by the service worker; one that gets here has none.
  if (hidden || path.startsWith('/assets/') || path.startsWith(downloadPrefix)) return false
  const mode = request.headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate'
  return (request.headers.accept ?? '').includes('text/html') || extname(path) === ''
}

async function send(file: StaticFile, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const encoding = chooseEncoding(file, request.headers['accept-encoding'])
  const etag = `"${file.hash}${encoding === 'identity' ? '' : `-${encoding}`}"`
  const headers: Record<string, string | number> = {
    ...securityHeaders,
    'content-type': file.type,
    'cache-control': file.cache,
    etag,
    ...(compressible(file.type) ? { vary: 'accept-encoding' } : {}),
  }
  if (matches(request.headers['if-none-match'], etag)) {
    response.writeHead(304, headers).end()
    return
  }
  const body = await encode(file, encoding)
  if (encoding !== 'identity') headers['content-encoding'] = encoding
  headers['content-length'] = body.length
  response.writeHead(200, headers)
  response.end(request.method === 'HEAD' ? undefined : body)
}

function chooseEncoding(file: StaticFile, accepted: string | string[] | undefined): Encoding {
  if (!compressible(file.type) || file.body.length < smallestWorthCompressing) return 'identity'
  const offers = new Map<string, number>()
  for (const offer of String(accepted ?? '').split(',')) {
    const [name = '', ...parameters] = offer.trim().toLowerCase().split(';')
    const quality = parameters
      .map((item) => /^\s*q=([\d.]+)\s*$/.exec(item)?.[1])
      .find((q) => q !== undefined)
    offers.set(name.trim(), quality === undefined ? 1 : Number(quality))
  }
  const takes = (name: string): boolean => (offers.get(name) ?? offers.get('*') ?? 0) > 0
  if (takes('br')) return 'br'
  return takes('gzip') ? 'gzip' : 'identity'
}

function encode(file: StaticFile, encoding: Encoding): Promise<Buffer> {
  const known = file.encoded.get(encoding)
  if (known !== undefined) return known
  const made = encoding === 'br' ? toBrotli(file.body, brotliOptions(file.body.length)) : toGzip(file.body)
  file.encoded.set(encoding, made)
  return made
}

function brotliOptions(size: number) {
  return {
    params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality, [constants.BROTLI_PARAM_SIZE_HINT]: size },
  }
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((item) => item.trim() === '*' || item.trim().replace(/^W\//, '') === etag)
}

async function load(dir: string): Promise<Map<string, StaticFile>> {
  const files = new Map<string, StaticFile>()
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const full = join(entry.parentPath, entry.name)
    const path = `/${relative(dir, full).split(sep).join('/')}`
    if (!entry.isFile() || path.includes('/.')) continue
    const body = await readFile(full)
    files.set(path, {
      type: mediaType(extname(path)),
      cache: path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      hash: createHash('sha256').update(body).digest('base64url').slice(0, 22),
      body,
      encoded: new Map([['identity', Promise.resolve(body)]]),
    })
  }
  return files
}
