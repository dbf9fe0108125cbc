import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sendText, serveStatic } from './static-files.ts'

export interface RelayOptions {
  /** 0 takes any free port */
  readonly port: number
  /** the address to listen on; `127.0.0.1` is reachable from this machine only */
  readonly host: string
  /** folder of the built app */
  readonly dist: string
}

export interface Relay {
  /** where a browser on this machine opens the app, with a slash at the end */
  readonly url: string
  readonly port: number
  /** Stops taking connections, lets answers under way end, and resolves when all is closed. */
  close(): Promise<void>
}

/** How long answers under way may take to end after a stop was asked for. */
const closeGraceMs = 3_000

/** Headers of a request are read for at most this long, so that slow clients hold no sockets. */
const headersTimeoutMs = 15_000

/**
 * Starts the one process that serves everything on one port.
 *
 * Rejects with the system's error (`EADDRINUSE`, `EACCES`, …) when it cannot listen, and when `dist`
 * holds no built app.
 */
export async function createRelay(options: RelayOptions): Promise<Relay> {
  const files = await serveStatic(options.dist)
  const server = createServer({ headersTimeout: headersTimeoutMs }, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      console.error('answering failed', error)
      if (response.headersSent) response.destroy()
      else sendText(response, 500, 'Something went wrong on this server.\n')
    })
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = readPath(request.url)
    if (path === undefined) return sendText(response, 400, 'Bad request\n')
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return sendText(response, 405, 'Method not allowed\n', { allow: 'GET, HEAD' })
    }
    if (path === '/healthz') return sendText(response, 200, 'ok\n')
    await files(path, request, response)
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  // A TCP server's address is an AddressInfo; the string form is for pipes only.
  const { port } = server.address() as AddressInfo

  return {
    url: `http://${urlHost(options.host)}:${port}/`,
    port,
    close: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), closeGraceMs)
        server.close(() => {
          clearTimeout(timer)
          resolve()
        })
        server.closeIdleConnections()
      }),
  }
}

/** Browsers give service workers and storage to `localhost` without https, so that is the name shown. */
function urlHost(host: string): string {
  if (['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost'].includes(host)) return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

/** The decoded path of a request target, or undefined when it is none we answer. */
function readPath(target: string | undefined): string | undefined {
  if (target === undefined || !target.startsWith('/')) return undefined
  const raw = target.split(/[?#]/, 1)[0] ?? ''
  try {
    const path = decodeURIComponent(raw)
    return path.includes('\0') || path.includes('\\') ? undefined : path
  } catch {
    return undefined
  }
}
