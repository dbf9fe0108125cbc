import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { createPrng } from '../../../../repo/testing/prng.ts'
import type { TestRepo } from '../../../../repo/testing/repo.ts'
import { nameOf } from '../../../../sync/packs/testing/push-kit.ts'
import type { TestAccount } from '../../../../sync/testing/account.ts'
import { contents, wanted } from '../../../../sync/testing/sync-kit.ts'
import type { Store, StoreLimits } from '../../../store/model.ts'
import { type StoreKit, withStoreKit } from '../../../store/testing/store-kit.ts'
import { createUploadsMount } from '../mount.ts'
import { openUploads, type Uploads } from '../uploads.ts'

const OCTETS = 'application/offset+octet-stream'

export interface UploadsKit extends Pick<StoreKit, 'pds' | 'timers'> {
  readonly store: Store
  readonly uploads: Uploads
  readonly folder: string
  /** of the mount */
  readonly url: string
  readonly logged: string[]
  /** Closes uploads and store and opens both again on what is there. */
  restart(limits?: Partial<StoreLimits>): Promise<void>
  /** Runs the timers of sweeps that are set. */
  sweep(): void
}

/** Uploads on a real HTTP server, to a real store. A client's address is what it says in `x-client`. */
export async function withUploads(use: (kit: UploadsKit) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-uploads-'))
  let mount = createUploadsMount({ uploads: undefined, clientOf: () => '', basePath: '/' })
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://relay.test')
    void mount.handle(request, response, url).then(
      (done) => {
        if (!done) response.writeHead(404).end('not uploads')
      },
      () => response.destroy(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server listening on TCP has such an address.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sync/uploads`
  let uploads: Uploads | undefined
  try {
    await withStoreKit(async (storeKit) => {
      const sweeps = new Set<() => void>()
      const logged: string[] = []
      const open = async (limits: Partial<StoreLimits> = {}): Promise<{ store: Store; uploads: Uploads }> => {
        await uploads?.close()
        const store = await storeKit.open({ blobs: false, limits })
        uploads = await openUploads({
          folder,
          store,
          clock: storeKit.timers.clock,
          timers: {
            after(_ms, run) {
              sweeps.add(run)
              return () => sweeps.delete(run)
            },
          },
          log: (_, event) => void logged.push(event),
        })
        mount = createUploadsMount({
          uploads,
          clientOf: ({ headers }) => String(headers['x-client'] ?? ''),
          basePath: '/',
        })
        return { store, uploads }
      }
      let now = await open()
      try {
        await use({
          ...{ folder, url, logged },
          pds: storeKit.pds,
          timers: storeKit.timers,
          get store() {
            return now.store
          },
          get uploads() {
            return now.uploads
          },
          async restart(limits) {
            now = await open(limits)
          },
          sweep() {
            for (const run of [...sweeps]) if (sweeps.delete(run)) run()
          },
        })
      } finally {
        await uploads?.close()
      }
    })
  } finally {
    server.closeAllConnections()
    server.close()
    await rm(folder, { recursive: true, force: true })
  }
}

export const carOf = (repo: TestRepo, order?: Parameters<TestRepo['car']>[0]): Buffer<ArrayBuffer> =>
  Buffer.concat([...repo.car(order)])

/** Bytes that nothing can be made of. */
export const noise = (length: number): Uint8Array<ArrayBuffer> => {
  const random = createPrng(7)
  return Uint8Array.from({ length }, () => random.int(256))
}

/** Begins an upload. The response, and where it goes on. */
export async function begin(
  url: string,
  plan: unknown,
  client = 'a',
): Promise<{ readonly response: Response; readonly at: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-client': client },
    body: JSON.stringify(plan),
  })
  return { response, at: new URL(response.headers.get('location') ?? '', url).href }
}

export const patch = (at: string, offset: number, body: Uint8Array<ArrayBuffer>): Promise<Response> =>
  fetch(at, { method: 'PATCH', headers: { 'content-type': OCTETS, 'upload-offset': String(offset) }, body })

/** What the headers say: offset, length, status, code. */
export async function told(at: string): Promise<readonly (string | null)[]> {
  const { headers } = await fetch(at, { method: 'HEAD' })
  return ['upload-offset', 'upload-length', 'upload-status', 'upload-code'].map((name) => headers.get(name))
}

/** Begins it and sends all at once. What is said of it in the end. */
export async function upload(url: string, did: string, car: Uint8Array<ArrayBuffer>): Promise<unknown> {
  const { at } = await begin(url, { did, bytes: car.length })
  return (await patch(at, 0, car)).json()
}

/** A request that says it will bring `length` bytes, brings these, and stays open. */
export async function hang(
  at: string,
  offset: number,
  length: number,
  bytes: Uint8Array,
): Promise<{ readonly abort: () => void; readonly closed: Promise<unknown> }> {
  const sent = httpRequest(at, {
    method: 'PATCH',
    headers: { 'content-type': OCTETS, 'upload-offset': String(offset), 'content-length': String(length) },
  })
  const closed = new Promise((resolve) => sent.once('close', resolve))
  sent.on('error', () => {})
  await new Promise<void>((resolve) => void sent.write(bytes, () => resolve()))
  return { abort: () => void sent.destroy(), closed }
}

export const operator = { by: 'operator' } as const

/** Keeps an account's repo, and lets it have a newer one of which the store knows nothing. */
export async function keepOld(
  { pds, store }: UploadsKit,
  name = 'alice',
  create = 300,
): Promise<{ readonly alice: TestAccount; readonly old: TestRepo; readonly next: TestRepo }> {
  const alice = await pds.account({ name })
  await store.keep(alice.did, operator)
  await store.idle()
  const old = alice.repo
  return { alice, old, next: alice.commit({ create, update: 2, delete: 1 }) }
}

export async function expectKept({ store }: UploadsKit, repo: TestRepo): Promise<void> {
  const head = (await store.head(repo.did))?.head
  if (head === undefined) throw new Error('not kept')
  expect(head.commitCid).toBe(nameOf(repo).commit)
  expect(await contents(store.storage, head)).toEqual(wanted(repo))
}
