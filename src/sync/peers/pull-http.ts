import { readChunks } from '../../core/chunk-reader.ts'
import { NetError } from '../../net/errors.ts'
import type { BackupResult } from '../backup.ts'
import type { Endpoints, Host } from '../host.ts'
import { greet, type Pull } from '../pages/pull-pages.ts'
import type { PageSource } from '../pages/sources.ts'
import { takeIn } from '../take-in.ts'
import { drain } from '../transfer.ts'

/**
 * A whole repo from a relay's store by its standard read, `com.atproto.sync.getRepo`: the bytes prove
 * themselves, and nothing is gained by encrypting them a second time. What a stream that breaks has brought
 * stays, and pages go on from there.
 *
 * @throws NetError `net.unreachable`, `net.refused`, `net.reset`; as `takeIn`
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
      try {
        const response = await host.fetch(read.href, { signal: work.signal })
        if (!response.ok || response.body === null) {
          await response.body?.cancel()
          throw new NetError('net.refused', { peer, reason: `status-${response.status}` })
        }
        await drain(session, readChunks(response.body), work)
      } catch (error) {
        work.check()
        // What `fetch` and a body's reader say of a broken line.
        throw error instanceof TypeError ? new NetError('net.reset', { peer }, { cause: error }) : error
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
