import { PdsError } from '../pds/errors.ts'
import { createIdentityResolver, type Identity } from '../pds/identity.ts'
import { readCarCommit } from '../storage/car-commit.ts'
import type { RepoFacts } from '../storage/head.ts'
import { openImport } from '../storage/importer.ts'
import { type Admission, admit, confirmHead } from './admit.ts'
import type { BackupResult } from './backup.ts'
import { type Endpoints, type Host, networkOf } from './host.ts'
import { headOf, identityOp, keptIdentity, newerIdentity } from './kept.ts'
import { drain } from './transfer.ts'
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
    const identity = await identityOf(host, endpoints, did, await keptIdentity(host.storage, before), work)
    let admission: Admission | undefined
    const session = await openImport({
      storage: host.storage,
      did,
      sha256: host.sha256,
      random: host.random,
      now: host.clock.now(),
      source: 'file',
      label: name,
      ...(before === undefined ? {} : { base: before }),
      ...(host.digests === undefined ? {} : { digests: host.digests }),
      onCommit: async (found) => {
        admission = await admit(host, { commit: found, identity, fetchedFromCurrentPds: false, head: before })
      },
    })
    /** A file can be read again, so nothing of it waits; a transfer that was cut off before it goes on waiting. */
    const leave = (): Promise<void> => (session.resumed ? session.suspend() : session.discard())
    try {
      work.report({ phase: 'receiving' })
      await drain(session, file.stream(), work)
      work.report({ phase: 'saving', ...session.progress })
      if (before !== undefined && session.commit?.cid === before.commitCid) {
        // Even a file of the kept head is proven to its end: it was opened to learn whether it is sound.
        await session.prove()
        await leave()
        if (identity !== undefined) await confirmHead(host, before, identity, false)
        return { did, snapshot: undefined, before }
      }
      const kept = identity === undefined ? undefined : identityOp(identity, host.sha256)
      const snapshot = await session.finish({
        // Without a commit there is no verdict, and `finish` says so before it looks at this one.
        signature: admission?.signature ?? 'unchecked',
        signedBy: admission?.signedBy,
        allowRollback: admission?.replaces ?? false,
        identity: kept?.key,
        now: host.clock.now(),
        repo: factsOf(identity),
        ops: kept === undefined ? [] : [kept.op],
      })
      return { did, snapshot, before }
    } catch (error) {
      await leave().catch(() => {})
      throw error
    }
  })
}

function factsOf(identity: Identity | undefined): RepoFacts {
  return {
    ...(identity?.handleVerified === true && identity.handle !== undefined
      ? { handle: identity.handle }
      : {}),
    ...(identity?.pds === undefined ? {} : { pds: identity.pds }),
  }
}

/** By the network and by what is kept, whichever knows more; undefined when neither knows. */
async function identityOf(
  host: Host,
  endpoints: Endpoints,
  did: string,
  kept: Identity | undefined,
  work: Work,
): Promise<Identity | undefined> {
  const fetched = await askIdentity(host, endpoints, did, work)
  return fetched === undefined ? kept : newerIdentity(fetched, kept)
}

async function askIdentity(
  host: Host,
  endpoints: Endpoints,
  did: string,
  work: Work,
): Promise<Identity | undefined> {
  const patience = new AbortController()
  const stop = host.timers.after(IDENTITY_PATIENCE, () => patience.abort())
  const resolver = createIdentityResolver({ ...networkOf(host, endpoints), endpoints })
  try {
    return await resolver.resolve(did, { signal: AbortSignal.any([patience.signal, work.signal]) })
  } catch (error) {
    work.check()
    // Not reachable is no verdict; a log or document that contradicts itself is.
    if (
      error instanceof PdsError &&
      error.code !== 'pds.plc-log-invalid' &&
      error.code !== 'pds.did-mismatch'
    )
      return undefined
    throw error
  } finally {
    stop()
  }
}
