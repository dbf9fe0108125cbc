import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import type { Fetch } from '../../pds/network.ts'
import { documentOf } from '../../pds/testing/plc-maker.ts'
import { writeCar } from '../../repo/testing/car.ts'
import { cidKey } from '../../repo/testing/cid.ts'
import type { TestRepo } from '../../repo/testing/repo.ts'
import type { Endpoints } from '../host.ts'
import { type AccountOptions, createAccount, type TestAccount } from './account.ts'

/** Answers one request in the server's place; `serve` gives what the server would have answered. */
export type Fault = (response: ServerResponse, serve: () => Answer) => void

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: Uint8Array
}

export interface LocalPds {
  readonly origin: string
  readonly endpoints: Endpoints
  /** reaches this server and nothing else */
  readonly fetch: Fetch
  /** `fetch` fails as without a network */
  offline: boolean
  readonly accounts: TestAccount[]
  account(options: Omit<AccountOptions, 'pds'>): Promise<TestAccount>
  /** The next requests of this method (its last name) go to these, in order. */
  next(method: string, ...faults: Fault[]): void
  /** All requests of this method go there from now on; undefined ends it. */
  always(method: string, fault: Fault | undefined): void
  /** what was asked: `getRepo`, `getRepo?since`, `getBlob` … */
  readonly asked: string[]
  close(): Promise<void>
}

/** A PDS and a PLC directory on one port of this machine. */
export async function startLocalPds(): Promise<LocalPds> {
  const accounts: TestAccount[] = []
  const queued = new Map<string, Fault[]>()
  const standing = new Map<string, Fault>()
  const asked: string[] = []

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const method = url.pathname.startsWith('/xrpc/') ? (url.pathname.split('.').at(-1) ?? '') : 'plc'
    asked.push(url.searchParams.has('since') ? `${method}?since` : method)
    const serve = (): Answer =>
      method === 'plc' ? directory(accounts, url) : xrpc(accounts, method, url.searchParams)
    const fault = queued.get(method)?.shift() ?? standing.get(method)
    if (fault === undefined) send(response, serve())
    else fault(response, serve)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // a server listening on TCP has such an address
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const pds: LocalPds = {
    origin,
    endpoints: { plc: origin, doh: '', resolver: origin, allowLocal: true },
    offline: false,
    fetch: async (url, init) => {
      if (pds.offline || new URL(url).origin !== origin) throw new TypeError('fetch failed')
      return fetch(url, init)
    },
    accounts,
    async account(options) {
      const account = await createAccount({ ...options, pds: origin })
      accounts.push(account)
      return account
    },
    next(method, ...faults) {
      queued.set(method, [...(queued.get(method) ?? []), ...faults])
    },
    always(method, fault) {
      if (fault === undefined) standing.delete(method)
      else standing.set(method, fault)
    },
    asked,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return pds
}

export function send(response: ServerResponse, { status, type, body }: Answer): void {
  // pages of any origin may ask, as at a real one
  const headers = { 'content-type': type, 'content-length': body.length, 'access-control-allow-origin': '*' }
  response.writeHead(status, headers).end(body)
}

export function jsonAnswer(value: unknown, status = 200): Answer {
  return { status, type: 'application/json', body: Buffer.from(JSON.stringify(value)) }
}

function directory(accounts: readonly TestAccount[], url: URL): Answer {
  const [did, part] = decodeURIComponent(url.pathname).slice(1).split('/')
  const account = accounts.find((it) => it.did === did)
  if (account === undefined) return jsonAnswer({ message: 'DID not registered' }, 404)
  if (part === 'log') return jsonAnswer(account.log.entries)
  const last = account.log.entries.findLast((it) => !it.nullified)
  if (last === undefined || last.operation['type'] === 'plc_tombstone')
    return jsonAnswer({ message: 'gone' }, 410)
  return jsonAnswer(documentOf(account.did, last.operation))
}

/** What a PDS says of an account that it does not serve. */
const REFUSALS: Readonly<Record<string, string>> = {
  deactivated: 'RepoDeactivated',
  takendown: 'RepoTakendown',
  suspended: 'RepoSuspended',
  deleted: 'RepoDeleted',
  'not-found': 'RepoNotFound',
}
/** Small, so that a few blobs make several pages. */
const PAGE = 3

function xrpc(accounts: readonly TestAccount[], method: string, query: URLSearchParams): Answer {
  if (method === 'resolveHandle') {
    const found = accounts.find((it) => it.handle === query.get('handle'))
    return found === undefined ? jsonAnswer({ error: 'HandleNotFound' }, 400) : jsonAnswer({ did: found.did })
  }
  const account = accounts.find((it) => it.did === query.get('did'))
  if (account === undefined || account.state === 'not-found')
    return jsonAnswer({ error: 'RepoNotFound' }, 400)
  const { did, repo, state } = account
  if (method === 'getRepoStatus') {
    return jsonAnswer(
      state === 'active' ? { did, active: true, rev: repo.rev } : { did, active: false, status: state },
    )
  }
  if (state !== 'active') return jsonAnswer({ error: REFUSALS[state], message: state }, 400)
  switch (method) {
    case 'getLatestCommit':
      return jsonAnswer({ cid: commitCid(repo), rev: repo.rev })
    case 'getRepo':
      return { status: 200, type: 'application/vnd.ipld.car', body: repoCar(account, query.get('since')) }
    case 'listBlobs': {
      const cids = [...account.blobs.keys()].sort()
      const from = query.get('cursor') === null ? 0 : cids.indexOf(query.get('cursor') ?? '') + 1
      const page = cids.slice(from, from + PAGE)
      return jsonAnswer({ cids: page, ...(from + PAGE < cids.length ? { cursor: page.at(-1) } : {}) })
    }
    case 'getBlob': {
      const body = account.blobs.get(query.get('cid') ?? '')
      return body === undefined
        ? jsonAnswer({ error: 'BlobNotFound' }, 400)
        : { status: 200, type: 'application/octet-stream', body }
    }
    default:
      return jsonAnswer({ error: 'MethodNotImplemented' }, 501)
  }
}

export const commitCid = (repo: TestRepo): string => cidString(CODEC_DAG_CBOR, repo.commit.subarray(4))

/** The whole repo, or the blocks that it lacked at `since`; as a PDS does, everything for a rev it never had. */
function repoCar({ repo, history }: TestAccount, since: string | null): Uint8Array {
  const old = history.find((it) => it.rev === since)
  if (old === undefined) return Buffer.concat([...repo.car()])
  const known = new Set(old.blocks('preorder').map((block) => cidKey(block.cid)))
  const fresh = repo.blocks('revision').filter((block) => !known.has(cidKey(block.cid)))
  return Buffer.concat([...writeCar([repo.commit], fresh)])
}
