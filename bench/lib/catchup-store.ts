import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { PACK_MEDIA_TYPE } from '../../src/pack/media-type.ts'
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
  const read = async (url: string, response: ServerResponse): Promise<void> => {
    const [path = ''] = url.split('?')
    const answer = said.get(path)
    if (answer === undefined)
      return pass(
        `${pages}${path === '/xrpc/com.atproto.sync.getRepo' ? `/data/${step.since}` : url}`,
        response,
      )
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  }
  const server = createServer((request, response) => {
    const reply = request.method === 'POST' ? sync(request, response) : read(request.url ?? '/', response)
    reply.catch((error: unknown) => {
      console.error(error)
      response.destroy()
    })
  })
  const sync = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const bytes = await answer(Buffer.concat(parts))
    response.writeHead(200, { 'content-type': PACK_MEDIA_TYPE, 'content-length': bytes.length }).end(bytes)
  }
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo // listening on TCP
  return {
    before,
    after,
    answer,
    origin: `http://127.0.0.1:${port}`,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
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
