import { CairnError } from '../../core/errors.ts'
import { checkEach } from '../../core/hash.ts'
import { binary, compare, type Side, storedSide } from '../../repo/mst/diff.ts'
import { RepoError } from '../../repo/errors.ts'
import { StorageError } from '../../storage/errors.ts'
import type { ImportSession } from '../../storage/import-session.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import { createSegmentReader } from '../../storage/segment-reader.ts'
import { SyncError } from '../errors.ts'
import type { Endpoints, Host } from '../host.ts'
import { headOf } from '../kept.ts'
import { takeIn } from '../take-in.ts'
import type { PageClient } from './client.ts'
import { fetchBlocks, type Wanted } from './fetch-blocks.ts'
import { askFirst } from './first.ts'
import { greet, MAX_ROOTS, type Pull, type Pulled, pullPages } from './pull-pages.ts'
import { createRemoteSide, MAX_NODES, type NodeStore } from './remote-side.ts'
import { createSources, type Sources } from './sources.ts'

/**
 * Takes in what a peer's newer head has and the kept one lacks: both trees are compared from the top, layer by
 * layer, and of the peer's only those nodes and records are fetched that are not here. What they cost follows
 * from how much differs, whatever heads both have seen. The kept tree is then changed, and its new root has to
 * be the signed one.
 *
 * @throws SyncError `sync.not-kept` when nothing is kept to compare with; as `pullPages`. What it throws of
 * `repo.root-mismatch` and the like is a reason to ask for pages.
 */
export async function pullDifference(host: Host, endpoints: Endpoints, pull: Pull): Promise<Pulled> {
  const { did, work, label } = pull
  if ((await headOf(host.storage, did)) === undefined) throw new SyncError('sync.not-kept', { did })
  // An import that was cut off has something to finish; pages go on with it and ask for no more than this.
  if ((await host.storage.get('imports', did)) !== undefined) return pullPages(host, endpoints, pull)
  const sources = createSources(pull.sources, host, work, pull.onOut)
  try {
    work.report({ did, phase: 'connecting' })
    const { head, identity } = await sources.use((client) => greet(client, did))
    const result = await takeIn(host, endpoints, {
      did,
      source: 'peer',
      label,
      work,
      identity,
      partial: true,
      feed: async (session) => {
        const before = await headOf(host.storage, did)
        if (before === undefined) throw new SyncError('sync.not-kept', { did })
        await feedDifference(host, pull, sources, { session, before, wanted: pull.root ?? head.commit })
      },
    })
    return { ...result, from: sources.peer ?? '' }
  } finally {
    await sources.close()
  }
}

async function feedDifference(
  host: Host,
  { did, work, nodeBytes = MAX_NODES }: Pull,
  sources: Sources,
  input: { readonly session: ImportSession; readonly before: SnapshotRow; readonly wanted: string },
): Promise<void> {
  const { session, before } = input
  const { sha256, storage } = host
  const digests = host.lanes?.check ?? checkEach(sha256)
  const nodes: NodeStore = new Map()
  const records = new Set<string>()
  let root: string | undefined = input.wanted
  /** the root that the session knows */
  let begun: string | undefined

  const run = async (client: PageClient): Promise<void> => {
    const first = await askFirst(client, did, root, digests)
    if (begun !== first.root) {
      if (begun !== undefined) session.restart()
      begun = first.root
      for (const part of first.car) await session.write(part)
    }
    if (first.root === before.commitCid) return
    const fetch = async (wanted: readonly Wanted[], keep: (digest: Uint8Array, bytes: Uint8Array) => void) =>
      fetchBlocks({
        client,
        did,
        root: first.root,
        wanted,
        digests,
        async take(fragment, blocks) {
          work.check()
          await session.write(fragment)
          for (const it of blocks) keep(it.digest, it.bytes)
          sources.progress()
          work.report(session.progress)
        },
      })
    const theirs = createRemoteSide({
      digest: first.commit.data,
      rootNode: first.rootNode,
      nodes,
      sha256,
      most: nodeBytes,
      fetch: (wanted) => fetch(wanted, (digest, bytes) => void nodes.set(binary(digest), bytes)),
    })
    const ours = soundSide(did, storedSide(createSegmentReader(storage, did), before.root, before.data))
    const differences = await compare(ours, theirs)
    // A value that only changed its path is here.
    const here = new Set([
      ...records,
      ...differences.flatMap((it) => (it.before === undefined ? [] : [binary(it.before)])),
    ])
    const wanted = differences.flatMap(({ key, after }): Wanted[] => {
      if (after === undefined || here.has(binary(after))) return []
      here.add(binary(after))
      return [{ digest: after, key }]
    })
    await fetch(wanted, (digest) => void records.add(binary(digest)))
  }

  work.report({ phase: 'receiving' })
  for (let roots = 1; ; roots++) {
    try {
      return await sources.use(run)
    } catch (error) {
      const theirs = error instanceof CairnError && error.fields['peer'] !== undefined
      if (!theirs || roots === MAX_ROOTS || !sources.forgive('root-gone')) throw error
      root = undefined
    }
  }
}

/** A kept tree. That it cannot be read is no fault of a peer, whose trees are read by the same code. */
function soundSide(did: string, side: Side): Side {
  return {
    ...side,
    async open(nodes) {
      try {
        return await side.open(nodes)
      } catch (error) {
        if (error instanceof RepoError || error instanceof RangeError)
          throw new StorageError('storage.corrupt', { did }, { cause: error })
        throw error
      }
    },
  }
}
