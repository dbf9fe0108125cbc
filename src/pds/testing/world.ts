import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Fetch, Network } from '../network.ts'
import { createManualTimers, type ManualTimers } from './timers.ts'

export type Route = (request: Asked, response: ServerResponse) => void

export interface Asked {
  readonly url: URL
  readonly message: IncomingMessage
}

/**
 * A small internet for tests: a real HTTP server on this machine that answers for any number of
 * hosts, and a `fetch` that knows them as a hosts file would. Hosts that are not in it do not exist.
 */
export interface World {
  /** `https://host/path` → who answers; a path ending in `*` takes all that begin so */
  route(url: string, route: Route): void
  json(url: string, body: unknown, status?: number, headers?: Record<string, string>): void
  readonly fetch: Fetch
  readonly timers: ManualTimers
  /** a network of this world; private addresses refused unless asked otherwise */
  network(options?: { allowLocal?: boolean }): Network
  /** URLs asked for so far */
  readonly asked: string[]
  /** resolves when this URL's host and path are next asked for */
  whenAsked(url: string): Promise<void>
  /** the server's own address */
  readonly origin: string
  close(): Promise<void>
}

const ASKED_FOR = 'x-asked-for'

export async function createWorld(): Promise<World> {
  const routes = new Map<string, Route>()
  const asked: string[] = []
  const waiting: { key: string; done: () => void }[] = []
  const timers = createManualTimers()

  const server = createServer((message, response) => {
    const url = new URL(String(message.headers[ASKED_FOR] ?? `http://${message.headers.host}${message.url}`))
    const key = `${url.protocol}//${url.host}${url.pathname}`
    asked.push(url.href)
    const route =
      routes.get(key) ?? [...routes].find(([to]) => to.endsWith('*') && key.startsWith(to.slice(0, -1)))?.[1]
    if (route === undefined) response.writeHead(404).end()
    else route({ url, message }, response)
    for (const waiter of waiting.filter((candidate) => candidate.key === key)) waiter.done()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // a server listening on TCP has such an address
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const world: World = {
    route: (url, route) => void routes.set(url, route),
    json: (url, body, status = 200, headers = {}) =>
      world.route(url, (_asked, response) => {
        response
          .writeHead(status, { 'content-type': 'application/json', ...headers })
          .end(JSON.stringify(body))
      }),
    fetch: async (input, init) => {
      const url = new URL(input)
      if (url.origin === origin) return await fetch(url, init)
      const known = [...routes.keys()].some((key) => key.startsWith(`${url.origin}/`))
      if (!known) throw new TypeError('fetch failed')
      const headers = { ...(init.headers as Record<string, string>), [ASKED_FOR]: url.href }
      return await fetch(`${origin}${url.pathname}`, { ...init, headers })
    },
    timers,
    network: ({ allowLocal = false } = {}) => ({
      fetch: world.fetch,
      timers,
      clock: timers.clock,
      allowLocal,
    }),
    asked,
    whenAsked: (url) => new Promise((done) => waiting.push({ key: url, done })),
    origin,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return world
}
