import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Fetch } from '../../../pds/network.ts'
import { createAccount, type TestAccount } from '../../../sync/testing/account.ts'
import type { Store } from '../../store/model.ts'
import { type StoreKit, withStoreKit } from '../../store/testing/store-kit.ts'
import { createXrpc, type Xrpc, type XrpcOptions } from '../xrpc.ts'

export interface XrpcKit extends StoreKit {
  readonly origin: string
  readonly store: Store
  /** An account whose DID document names this relay as its PDS; the store gets it from the local one. */
  account(options: { name: string; records?: number }): Promise<TestAccount>
  get(path: string, init?: RequestInit): Promise<Response>
  json(path: string): Promise<{ status: number; body: Record<string, unknown> }>
}

/** A store behind its XRPC, on a real HTTP server. */
export async function withXrpc(
  use: (kit: XrpcKit) => Promise<void>,
  options: XrpcOptions = {},
): Promise<void> {
  let xrpc: Xrpc | undefined
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://relay.test')
    void xrpc?.(request, response, url).then((done) => {
      if (!done) response.writeHead(404).end('not xrpc')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // a server listening on TCP has such an address
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    await withStoreKit(async (kit) => {
      const fetchPds: Fetch = (url, init) => kit.pds.fetch(url.replace(origin, kit.pds.origin), init)
      const store = await kit.open({ fetch: fetchPds })
      xrpc = createXrpc(store, options)
      const get = (path: string, init?: RequestInit): Promise<Response> =>
        fetch(`${origin}/xrpc/${path}`, init)
      await use({
        ...kit,
        origin,
        store,
        async account(wanted) {
          const account = await createAccount({ ...wanted, pds: origin })
          kit.pds.accounts.push(account)
          return account
        },
        get,
        async json(path) {
          const response = await get(path)
          // Every answer of this kind is an object; what is in it is what the tests look at.
          return { status: response.status, body: (await response.json()) as Record<string, unknown> }
        },
      })
      server.closeAllConnections()
    })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
