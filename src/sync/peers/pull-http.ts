import { readChunks } from '../../core/chunk-reader.ts'
import { NetError } from '../../net/errors.ts'
import type { BackupResult } from '../backup.ts'
import type { Endpoints, Host } from '../host.ts'
import { greet, type Pull } from '../pages/pull-pages.ts'
import type { PageSource } from '../pages/sources.ts'
import { createPatience } from '../repo-sync/patience.ts'
import { takeIn } from '../take-in.ts'
import { drain } from '../transfer.ts'

/** How long an answer may take to begin, and to go on by so many bytes, ms. */
const IDLE = 60_000
const LEAST = 64 * 1024

/**
 * A whole repo from a relay's store by its standard read, `com.atproto.sync.getRepo`: the bytes prove
 * themselves, and nothing is gained by encrypting them a second time. What a stream that breaks has brought
 * stays, and pages go on from there; so it does of one that falls silent.
 *
 * @throws NetError `net.unreachable`, `net.refused`, `net.reset`, `net.timeout`; as `takeIn`
 */
export async function pullHttp(
  host: Host,
  endpoints: Endpoints,
  { did, label, work }: Pull,
  { source, url }: { readonly source: PageSource; readonly url: string },
): Promise<BackupResult> {
  const { peer } = source
  work.report({ did, phase: 'connecting' })
  const { head, identity } = await meet(source, did, work.signal)
  work.report({ totalRecords: head.records })
  return takeIn(host, endpoints, {
    did,
    source: 'peer',
    label,
    work,
    identity,
    async feed(session) {
      const read = new URL('xrpc/com.atproto.sync.getRepo', url)
      read.searchParams.set('did', did)
      const late = new AbortController()
      const onIdle = (ms: number): NetError => new NetError('net.timeout', { peer, ms })
      const patience = createPatience({
        timers: host.timers,
        firstMs: IDLE,
        idleMs: IDLE,
        least: LEAST,
        onIdle,
      })
      try {
        const signal = AbortSignal.any([work.signal, late.signal])
        const response = await patience.during(host.fetch(read.href, { signal }), () => 0)
        if (!response.ok || response.body === null) {
          await response.body?.cancel()
          throw new NetError('net.refused', { peer, reason: `status-${response.status}` })
        }
        const body = readChunks(response.body)
        const next = (): ReturnType<typeof body.read> =>
          patience.during(body.read(), (chunk) => chunk?.length ?? 0)
        await drain(session, { read: next, cancel: () => body.cancel() }, work)
      } catch (error) {
        work.check()
        // What `fetch` and a body's reader say of a broken line.
        throw error instanceof TypeError ? new NetError('net.reset', { peer }, { cause: error }) : error
      } finally {
        patience.end()
        late.abort()
      }
    },
  })
}

/** What the store says of its copy, over the connection there is, and what proves the author. */
async function meet(source: PageSource, did: string, signal: AbortSignal): ReturnType<typeof greet> {
  const client = await source.open(signal)
  try {
    return await greet(client, did)
  } finally {
    await client.close()
  }
}
