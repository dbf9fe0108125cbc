import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { PACK_MEDIA_TYPE } from '../../src/pack/media-type.ts'
import { sendBytes } from '../../src/relay/packs/send.ts'
import type { SnapshotRow } from '../../src/storage/rows.ts'
import { createPackHandler, replyBytes } from '../../src/sync/packs/handler.ts'
import { publicSource } from '../../src/sync/packs/public-source.ts'
import { CACHE } from './data.ts'
import { openLevelHost } from './level-host.ts'
import type { PdsHistory, PdsStep } from './pds-history.ts'

/** A store that took a step of a history as it happened, and answers for packs. */
export interface CatchupStore {
  /** the head before the step, and the one after it */
  readonly before: SnapshotRow
  readonly after: SnapshotRow
  /** what a request is answered with, as over any transport */
  answer(request: Uint8Array): Promise<Uint8Array<ArrayBuffer>>
  /** serves the pages and data, `POST /sync` as a relay does, and what a backup asks a PDS for */
  readonly origin: string
  /**
   * The same, with lists and that CAR gzipped on the way, as a relay and the reference PDS send them: the list when
   * it is asked for, the CAR long before
   */
  readonly zipped: string
  close(): Promise<void>
}

/**
 * Opens a store of the relay's kind (LevelDB on the disk), with the repo before a step and then after it.
 *
 * @param pages where the bench serves its pages
 */
export async function catchupStore(
  history: PdsHistory,
  step: PdsStep,
  { plc, pages }: { readonly plc: string; readonly pages: string },
): Promise<CatchupStore> {
  const { host, take, close } = await openLevelHost()
  const { storage, sha256 } = host
  const { did } = history
  const before = await take(join(CACHE, step.before), { did, plc, partial: false })
  const after = await take(join(CACHE, step.since), { did, plc, partial: true })
  const handler = createPackHandler({
    sources: [publicSource({ storage, sha256, recentBytes: 16 << 20 })],
    onFailure: (event, error) => console.error(event, error),
  })
  const answer = async (request: Uint8Array): Promise<Uint8Array<ArrayBuffer>> =>
    replyBytes(await handler.answer(request, { peer: undefined }))
  const { rev, commitCid: cid } = after
  /** What a PDS says; the CAR that it gave lies with the rest of the data. */
  const said = new Map<string, unknown>([
    ['/xrpc/com.atproto.sync.getRepoStatus', { did, active: true, rev }],
    ['/xrpc/com.atproto.sync.getLatestCommit', { cid, rev }],
  ])
  const car = gzipSync(readFileSync(join(CACHE, step.since)))
  const since = `/data/${step.since}`
  const read = async (url: string, response: ServerResponse, zips: boolean): Promise<void> => {
    const [path = ''] = url.split('?')
    const answer = said.get(path)
    if (answer !== undefined)
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    else {
      const name = path === '/xrpc/com.atproto.sync.getRepo' ? since : url
      if (!zips || name !== since) return pass(`${pages}${name}`, response)
      response
        .writeHead(200, {
          'content-type': 'application/vnd.ipld.car',
          'content-encoding': 'gzip',
          'content-length': car.length,
        })
        .end(car)
    }
  }
  const sync = async (request: IncomingMessage, response: ServerResponse, zips: boolean): Promise<void> => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const bytes = await answer(Buffer.concat(parts))
    await sendBytes(request, response, { contentType: PACK_MEDIA_TYPE, bytes, compress: zips })
  }
  const servers = await Promise.all(
    [false, true].map(async (zips) => {
      const server = createServer((request, response) => {
        const reply =
          request.method === 'POST' ? sync(request, response, zips) : read(request.url ?? '/', response, zips)
        reply.catch((error: unknown) => {
          console.error(error)
          response.destroy()
        })
      })
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve)
      })
      return server
    }),
  )
  const [origin = '', zipped = ''] = servers.map(
    // listening on TCP
    (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  )
  return {
    before,
    after,
    answer,
    origin,
    zipped,
    async close() {
      await Promise.all(
        servers.map(
          (server) =>
            new Promise<void>((resolve) => {
              server.close(() => resolve())
              server.closeAllConnections()
            }),
        ),
      )
      await close()
    },
  }
}

/** Hands on what the bench serves. */
async function pass(url: string, response: ServerResponse): Promise<void> {
  const from = await fetch(url)
  response.writeHead(from.status, Object.fromEntries(from.headers))
  if (from.body !== null) for await (const part of from.body) response.write(part)
  response.end()
}
