import { createIdentityResolver, type Identity } from '../pds/identity.ts'
import { PdsError } from '../pds/errors.ts'
import { readCarCommit } from '../storage/car-commit.ts'
import { openImport } from '../storage/importer.ts'
import type { BackupResult } from './backup.ts'
import { drain } from './backup.ts'
import { type Endpoints, type Host, networkOf } from './host.ts'
import { judge, type Verdict } from './judge.ts'
import { headOf, identityOp, keptIdentity } from './kept.ts'
import type { Work } from './work.ts'

/** A file needs no network: whoever cannot be asked within this time counts as not reachable, ms. */
const IDENTITY_PATIENCE = 6000

/**
 * Takes a CAR file in. The author is proven by the identity documents kept with an earlier snapshot, or by
 * the network when it is there; otherwise the tree is proven and the author stays unchecked, and says so.
 */
export async function importFile(
  host: Host,
  endpoints: Endpoints,
  file: Blob,
  name: string,
  work: Work,
): Promise<BackupResult> {
  work.report({ phase: 'resolving', totalBytes: file.size })
  const { commit } = await readCarCommit(file)
  const { did } = commit
  work.report({ did })
  return work.exclusively(did, async () => {
    const before = await headOf(host.storage, did)
    const identity = (await askIdentity(host, endpoints, did, work)) ?? (await keptIdentity(host.storage, before))
    let verdict: Verdict | undefined
    let unchanged = false
    const session = await openImport({
      storage: host.storage,
      did,
      sha256: host.sha256,
      random: host.random,
      now: host.clock.now(),
      source: 'file',
      label: name,
      ...(before === undefined ? {} : { base: before }),
      onCommit: async (found) => {
        verdict = await judge({ commit: found, identity, fetchedFromCurrentPds: false, head: before, clock: host.clock })
        unchanged = found.cid === before?.commitCid
      },
    })
    try {
      work.report({ phase: 'receiving' })
      await drain(session, file.stream(), work)
      // Even a file of the kept head is read to its end: it was opened to learn whether it is sound.
      work.report({ phase: 'saving', ...session.progress })
      if (unchanged || verdict === undefined) {
        await session.prove()
        await session.discard()
        return { did, snapshot: undefined, before }
      }
      const row = identity === undefined ? undefined : identityOp(identity, host.sha256)
      const snapshot = await session.finish({
        ...verdict,
        identity: row?.key,
        now: host.clock.now(),
        repo: factsOf(identity),
        ops: row === undefined ? [] : [row.op],
      })
      return { did, snapshot, before }
    } catch (error) {
      // The file is here and can be read again: nothing of a refused or stopped one is kept.
      await session.discard().catch(() => {})
      throw error
    }
  })
}

function factsOf(identity: Identity | undefined): { handle?: string; pds?: string } {
  return {
    ...(identity?.handleVerified === true && identity.handle !== undefined ? { handle: identity.handle } : {}),
    ...(identity?.pds === undefined ? {} : { pds: identity.pds }),
  }
}

async function askIdentity(host: Host, endpoints: Endpoints, did: string, work: Work): Promise<Identity | undefined> {
  const patience = new AbortController()
  const stop = host.timers.after(IDENTITY_PATIENCE, () => patience.abort())
  const resolver = createIdentityResolver({ ...networkOf(host, endpoints), endpoints })
  try {
    return await resolver.resolve(did, { signal: AbortSignal.any([patience.signal, work.signal]) })
  } catch (error) {
    work.check()
    // Not reachable is no verdict; a log or document that contradicts itself is.
    if (error instanceof PdsError && error.code !== 'pds.plc-log-invalid' && error.code !== 'pds.did-mismatch') return undefined
    throw error
  } finally {
    stop()
  }
}
