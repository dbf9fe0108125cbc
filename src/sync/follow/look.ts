import { PdsError } from '../../pds/errors.ts'
import type { Identity } from '../../pds/identity.ts'
import { getLatestCommit, getRepoStatus } from '../../pds/repo.ts'
import { type Endpoints, type Host, networkOf } from '../host.ts'
import { openRepo } from '../kept.ts'
import { noteFacts } from '../upstream.ts'

export interface Look {
  readonly did: string
  readonly signal: AbortSignal
  /** who the account is by the network's present word; undefined: it cannot be asked */
  readonly identity: () => Promise<Identity | undefined>
}

/**
 * Asks an account's server in one or two small requests whether a backup would bring anything:
 * - `current`: the kept head is what it has, or nothing is kept any more;
 * - `news`: it has something else, or cannot say;
 * - `inactive`: it serves the account no more, which is noted with the copy; `changed` tells whether that is new;
 * - `moved`: the account lives elsewhere by now.
 *
 * @throws PdsError when the server does not answer
 */
export async function lookUpstream(
  host: Host,
  endpoints: Endpoints,
  { did, signal, identity }: Look,
): Promise<{ readonly found: 'current' | 'news' | 'inactive' | 'moved'; readonly changed: boolean }> {
  const network = networkOf(host, endpoints)
  const repo = await openRepo(host.storage, did)
  if (repo === undefined) return { found: 'current', changed: false }
  const { pds } = repo.row
  if (repo.head === undefined || pds === undefined) return { found: 'news', changed: false }
  const note = async (upstream: string): Promise<boolean> => {
    await noteFacts(host, did, { upstream, upstreamCheckedAt: host.clock.now() })
    return repo.row.upstream !== upstream
  }
  try {
    const latest = await getLatestCommit(network, { pds, did, signal })
    if (latest.cid !== repo.head.commitCid) return { found: 'news', changed: false }
    // Written only when it says something new: this is asked often.
    return { found: 'current', changed: repo.row.upstream !== 'active' && (await note('active')) }
  } catch (error) {
    if (!(error instanceof PdsError)) throw error
    if (error.code === 'pds.bad-response') return { found: 'news', changed: false }
    if (!error.code.startsWith('pds.account-')) throw error
  }
  const now = await identity()
  if (now?.pds !== undefined && now.pds !== pds) return { found: 'moved', changed: false }
  const { status } = await getRepoStatus(network, { pds, did, signal })
  if (status === 'unreachable')
    throw new PdsError('pds.network', { host: new URL(pds).host, retriable: true, bytes: 0 })
  // It refuses the repo and calls the account active: a backup says what is wrong.
  if (status === 'active' || status === 'unknown') return { found: 'news', changed: false }
  return { found: 'inactive', changed: await note(status) }
}
