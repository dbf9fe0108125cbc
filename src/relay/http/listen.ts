import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { sendText } from '../static-files.ts'
import type { RelayLimits } from '../limits.ts'
import type { IsProxy } from './client-address.ts'
import { boundSockets } from './sockets.ts'

/** Files in PEM form: the certificate with its chain, and its private key. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

/** How long answers under way may take to end after a stop was asked for. */
const CLOSE_GRACE_MS = 3_000
/** Headers of a request are read for at most this long, so that slow clients hold no sockets. */
const HEADERS_TIMEOUT_MS = 15_000
/** A connection on which nothing moves is closed after this: above what any answer takes to begin. */
const IDLE_MS = 120_000

export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export interface HttpServer {
  /** From now on requests and upgrades go here; until then they are told to come again. */
  serve(onRequest: RequestListener, onUpgrade: UpgradeListener): void
  readonly port: number
  readonly secure: boolean
  /** Reads the certificate and key again, for connections from now on. */
  reloadTls(): Promise<void>
  /** Takes no more connections. Resolves when all have ended; those still open after a while are cut. */
  close(): Promise<void>
}

/**
 * Listens on one port, with TLS when there are files for it.
 *
 * Rejects with the system's error: `EADDRINUSE`, `EACCES`, `ENOENT`, or OpenSSL's for a certificate that
 * is none.
 */
export async function listen(options: {
  readonly port: number
  readonly host: string
  readonly tls: TlsFiles | undefined
  readonly limits: RelayLimits
  readonly isProxy: IsProxy
  /** an address has as many connections as it may have */
  readonly onRefused: () => void
  /** what a connection on which nothing moves is closed after, ms; two minutes unless told */
  readonly idleMs?: number
}): Promise<HttpServer> {
  const { tls, limits, idleMs = IDLE_MS } = options
  const common = { headersTimeout: HEADERS_TIMEOUT_MS, maxHeaderSize: limits.headerBytes }
  const server =
    tls === undefined ? createServer(common) : createSecureServer({ ...common, ...(await read(tls)) })
  server.maxConnections = limits.sockets
  boundSockets(server, limits.socketsPerAddress, options)
  // WebSockets are let off: libp2p knows better who is still there.
  server.timeout = idleMs
  const early = (_request: IncomingMessage, response: ServerResponse): void =>
    sendText(response, 503, 'Starting\n', { 'retry-after': '1' })
  server.on('request', early)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    serve: (onRequest, onUpgrade) => {
      server.off('request', early)
      server.on('request', onRequest)
      server.on('upgrade', onUpgrade)
    },
    // A TCP server's address is an AddressInfo; the string form is for pipes only.
    port: (server.address() as AddressInfo).port,
    secure: tls !== undefined,
    reloadTls: async () => {
      if (tls !== undefined && 'setSecureContext' in server) server.setSecureContext(await read(tls))
    },
    close: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS)
        server.close(() => {
          clearTimeout(timer)
          resolve()
        })
        server.closeIdleConnections()
      }),
  }
}

async function read(tls: TlsFiles): Promise<{ cert: Buffer; key: Buffer }> {
  const [cert, key] = await Promise.all([readFile(tls.cert), readFile(tls.key)])
  return { cert, key }
}
