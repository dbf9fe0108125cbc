import type { IncomingMessage, ServerResponse } from 'node:http'
import { limitKey } from './client-address.ts'
import type { ClientAddress } from './client-address.ts'
import type { RelayDescription } from './description.ts'
import type { Slots } from '../../sync/repo-sync/slots.ts'
import type { LimitName } from '../limits.ts'
import { errorFields } from './log.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import { requestOrigin } from './origin.ts'
import type { RateLimit } from './rate-limit.ts'
import { sendText } from '../static-files.ts'
import type { StaticHandler } from '../static-files.ts'

/** A part of the server with a path of its own. All methods are its own too. */
export interface Mount {
  /** what its paths begin with: `/xrpc/` */
  readonly prefix: string
  /** what metrics and logs call it */
  readonly route: string
  /** False: there is nothing here, and nothing was answered. */
  handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean>
}

export interface HandlerOptions {
  readonly files: StaticHandler | undefined
  readonly mounts: readonly Mount[]
  readonly describe: (origin: URL) => RelayDescription
  readonly metrics: Metrics
  readonly log: Log
  readonly clientOf: ClientAddress
  /** of requests for anything but the app's files */
  readonly rate: RateLimit
  /** of requests for the app's files: a first visit asks for all of them */
  readonly fileRate: RateLimit
  /** places for answers under way, by what limits count a client by */
  readonly answers: Slots
  /** path of the public URL, with a slash at the end: a proxy may or may not take it away */
  readonly basePath: string
  readonly secure: boolean
  /** where we are when a request does not say */
  readonly fallback: () => URL
  /** answers under way end, new ones on kept-alive connections are told to go */
  readonly stopping: () => boolean
}

/** Lets other sites read an answer that holds nothing private. */
const OPEN = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' }

/** Answers requests of HTTP. The returned function never rejects. */
export function createHandler(
  options: HandlerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { metrics, log } = options

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    name: (route: string) => void,
  ): Promise<void> {
    const text = (
      status: number,
      body: string,
      route: string,
      headers: Record<string, string> = {},
    ): void => {
      name(route)
      // A HEAD has no body: Node leaves it out.
      sendText(response, status, body, headers)
    }
    if (options.stopping()) response.setHeader('connection', 'close')
    const path = readPath(request.url, options.basePath)
    if (path === undefined) return text(400, 'Bad request\n', 'bad')
    // Whoever watches the process must not be turned away with those who overload it.
    if (path === '/healthz' && isRead(request)) {
      return options.stopping() ? text(503, 'stopping\n', 'healthz') : text(200, 'ok\n', 'healthz')
    }
    const mount = options.mounts.find(({ prefix }) => path.startsWith(prefix))
    const isFile = mount === undefined && path !== '/relay.json' && path !== '/metrics'
    const client = limitKey(options.clientOf(request))
    const refuse = (limit: LimitName, seconds: number): void => {
      metrics.limited(limit)
      text(429, 'Too many requests\n', 'limited', { 'retry-after': String(seconds), ...OPEN })
    }
    const wait = (isFile ? options.fileRate : options.rate).take(client)
    if (wait > 0)
      return refuse(isFile ? 'fileRequestsPerMinutePerAddress' : 'requestsPerMinutePerAddress', wait)
    const leave = options.answers.take(client)
    if (leave === undefined) return refuse('socketsPerAddress', 1)
    response.once('close', leave)
    if (mount !== undefined) {
      const origin = requestOrigin(request, options.secure, options.fallback())
      const { search } = new URL(request.url ?? '/', origin)
      const url = new URL(origin)
      url.pathname = path
      url.search = search
      name(mount.route)
      if (!(await mount.handle(request, response, url))) text(404, 'Not found\n', mount.route, OPEN)
      return
    }
    if (!isRead(request)) return text(405, 'Method not allowed\n', 'bad', { allow: 'GET, HEAD' })
    if (path === '/relay.json') {
      const origin = requestOrigin(request, options.secure, options.fallback())
      return text(200, `${JSON.stringify(options.describe(origin))}\n`, 'relay.json', {
        'content-type': 'application/json; charset=utf-8',
        ...OPEN,
      })
    }
    if (path === '/metrics') {
      return text(200, await metrics.text(), 'metrics', { 'content-type': metrics.contentType })
    }
    if (options.files === undefined) return text(404, 'Not found\n', 'app')
    name('app')
    await options.files(path, request, response)
  }

  return (request, response) => {
    const started = performance.now()
    const before = request.socket.bytesWritten
    let route = 'error'
    response.once('close', () => {
      const bytes = request.socket.bytesWritten - before
      metrics.request(route, response.statusCode, bytes)
      const ms = Math.round(performance.now() - started)
      log('debug', 'http.answered', {
        route,
        method: request.method ?? '',
        status: response.statusCode,
        bytes,
        ms,
      })
    })
    const name = (known: string): void => {
      route = known
    }
    answer(request, response, name).catch((error: unknown) => {
      log('error', 'http.failed', { route, ...errorFields(error) })
      if (response.headersSent) response.destroy()
      else sendText(response, 500, 'Something went wrong on this server.\n')
    })
  }
}

const isRead = (request: IncomingMessage): boolean => request.method === 'GET' || request.method === 'HEAD'

/** The decoded path of a request target under the base path, or undefined when it is none we answer. */
function readPath(target: string | undefined, basePath: string): string | undefined {
  if (target === undefined || !target.startsWith('/')) return undefined
  const raw = target.split(/[?#]/, 1)[0] ?? ''
  try {
    const path = decodeURIComponent(raw)
    if (path.includes('\0') || path.includes('\\')) return undefined
    if (basePath === '/' || !`${path}/`.startsWith(basePath)) return path
    return `/${path.slice(basePath.length)}`
  } catch {
    return undefined
  }
}
