import { hasCode } from '../../core/errors.ts'
import type { Net } from '../../net/net.ts'
import type { BackupResult } from '../backup.ts'
import { headOf, repoRow } from '../kept.ts'
import type { Endpoints, Host } from '../host.ts'
import { openPages } from '../pages/client.ts'
import { pullDifference } from '../pages/pull-difference.ts'
import { pullPages } from '../pages/pull-pages.ts'
import { pageSource } from '../pages/sources.ts'
import { pullRepoSync } from '../repo-sync/pull.ts'
import type { Candidate, PeerCalls, Rung } from './engine.ts'

/** What a difference could not do and a whole copy may: the snapshot it started from is in doubt, or too old. */
const NO_DIFFERENCE: ReadonlySet<string> = new Set([
  'repo.root-mismatch',
  'repo.node-missing',
  'repo.record-missing',
])

export interface PeerCallsOptions {
  readonly host: Host
  readonly endpoints: () => Promise<Endpoints>
  readonly net: Net
  readonly lookup: PeerCalls['lookup']
}

/**
 * The ladder by which a repo comes from peers: only what changed, when a head is kept and the peer speaks our
 * pages; else page by page, over from one peer to the next; else the one stream that any p2pds node speaks.
 */
export function createPeerCalls({ host, endpoints, net, lookup }: PeerCallsOptions): PeerCalls {
  const open = (candidate: Candidate, signal: AbortSignal) =>
    openPages(net, candidate.peer, { addresses: candidate.addresses, signal, timers: host.timers })

  return {
    async heads(candidate, dids, signal) {
      const client = await open(candidate, signal)
      try {
        const heads = await client.heads(dids)
        return heads.flatMap(({ did, rev, commit, partial }) =>
          rev === undefined ? [] : [{ did, rev, commit, partial: partial ?? false }],
        )
      } finally {
        await client.close()
      }
    },
    async pull(candidates, did, work) {
      const [first] = candidates
      if (first === undefined) throw new RangeError('nobody to pull from')
      const label = (await repoRow(host.storage, did))?.handle ?? did
      const done = (result: BackupResult, rung: Rung, from: string) => ({
        result,
        rung,
        from,
      })
      const cutOff = (await host.storage.get('imports', did)) !== undefined
      const pull = { did, work, label, sources: candidates.map((it) => pageSource(net, host, it)) }
      try {
        if (!cutOff && (await headOf(host.storage, did)) !== undefined) {
          try {
            const { from, ...result } = await pullDifference(host, await endpoints(), pull)
            return done(result, 'difference', from)
          } catch (error) {
            if (!isOneOf(error, NO_DIFFERENCE)) throw error
            work.report({ phase: 'connecting', bytes: 0, blocks: 0, records: 0 })
          }
        }
        const { from, ...result } = await pullPages(host, await endpoints(), pull)
        return done(result, 'pages', from)
      } catch (error) {
        if (!hasCode(error, 'net.unsupported')) throw error
        const { peer, addresses } = first
        const result = await pullRepoSync(host, await endpoints(), net, { did, peer, addresses, label, work })
        return done(result, 'repo-sync', peer)
      }
    },
    lookup,
    connected: (peer) => net.connections().some((it) => it.peer === peer),
    direct: (peer) => net.connections().some((it) => it.peer === peer && it.path === 'direct'),
  }
}

const isOneOf = (error: unknown, codes: ReadonlySet<string>): boolean =>
  error instanceof Error && 'code' in error && codes.has(String(error.code))
