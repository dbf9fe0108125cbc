import { checkEach } from '../../core/hash.ts'
import { isNsid } from '../../core/syntax.ts'
import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { CairnError } from '../../core/errors.ts'
import { NetError } from '../../net/errors.ts'
import type { Storage, WriteOp } from '../../storage/port.ts'
import { refuseStale } from '../../storage/head.ts'
import type { Endpoints, Host } from '../host.ts'
import { judge, type Verdict } from '../judge.ts'
import { type IdentityRow, identityOp } from '../kept.ts'
import { type Identity, identityFromKept } from '../../pds/identity.ts'
import { identityOf } from '../take-in.ts'
import type { PageClient } from './client.ts'
import { askFirst, type First } from './first.ts'
import { verifyPage } from './page-walk.ts'
import {
  deletePages,
  pageKey,
  type PartialPage,
  type PartialRow,
  partialRow,
  pullKey,
  replacePartial,
} from './partial-rows.ts'
import { PAGE_BYTES } from './protocol.ts'
import { greet, MAX_ROOTS, type Pull } from './pull-pages.ts'
import { collectionRange } from './range.ts'
import { createSources } from './sources.ts'

/**
 * Keeps one collection of a repo as a partial copy, or brings the one that is kept to a newer head. Every page
 * is stored as it comes, so a try that broke off goes on where it was; the copy is replaced when the new one is
 * whole. Whose commit it is, and that it is newer, is judged as for a whole repo.
 *
 * @throws RangeError for what is no NSID; otherwise as `pullPages`
 */
export async function pullCollection(
  host: Host,
  endpoints: Endpoints,
  pull: Pull & {
    readonly collection: string
    /** hears whom the last of it came from */
    readonly onFrom?: (peer: string) => void
  },
): Promise<PartialRow> {
  const { did, work, collection } = pull
  if (!isNsid(collection)) throw new RangeError('not a collection')
  const sources = createSources(pull.sources, host, work, pull.onOut)
  try {
    work.report({ did, phase: 'connecting' })
    const { identity: handed, head } = await sources.use((client) => greet(client, did, collection))
    return await work.exclusively(did, async () => {
      const before = await partialRow(host.storage, did, collection)
      const kept = await keptIdentityOf(host.storage, before)
      const identity = await identityOf(host, endpoints, async () => kept, { did, identity: handed, work })
      const taking: Taking = { host, pull, collection, before, identity }
      let root: string | undefined = pull.root ?? head.commit
      work.report({ phase: 'receiving' })
      for (let roots = 1; ; roots++) {
        try {
          const row = await sources.use((client) => take(taking, client, root, () => sources.progress()))
          if (sources.peer !== undefined) pull.onFrom?.(sources.peer)
          return row
        } catch (error) {
          const theirs = error instanceof CairnError && error.fields['peer'] !== undefined
          if (!theirs || roots === MAX_ROOTS || !sources.forgive('root-gone')) throw error
          root = undefined
        }
      }
    })
  } finally {
    await sources.close()
  }
}

interface Taking {
  readonly host: Host
  readonly pull: Pull
  readonly collection: string
  readonly before: PartialRow | undefined
  readonly identity: Identity | undefined
}

async function keptIdentityOf(storage: Storage, row: PartialRow | undefined): Promise<Identity | undefined> {
  if (row?.identity === undefined) return undefined
  const kept = (await storage.get('identities', row.identity)) as IdentityRow | undefined
  return kept === undefined ? undefined : identityFromKept(kept)
}

async function take(
  taking: Taking,
  client: PageClient,
  root: string | undefined,
  progress: () => void,
): Promise<PartialRow> {
  const { host, pull, collection, before } = taking
  const { storage, sha256 } = host
  const digests = host.lanes?.check ?? checkEach(sha256)
  const { did, work } = pull
  // Who keeps some collections only may keep each under another commit.
  const wanted = root ?? (await greet(client, did, collection)).head.commit
  const first = await askFirst(client, did, wanted, digests)
  if (before?.commitCid === first.root) return before
  let row = await begin(taking, first)
  const { from, to } = collectionRange(collection)
  while (!row.whole) {
    work.check()
    const after = row.pages.at(-1)?.last
    const range = { from, to, after }
    const page = await client.page({
      did,
      root: first.root,
      ...range,
      maxBytes: pull.pageBytes ?? PAGE_BYTES,
      bare: true,
      deflate: true,
    })
    const { bare } = page
    const proven = verifyPage(await page.bytes, { did, root: first.root, range, sha256, digests, bare })
    if (proven.end !== page.end || proven.last !== page.last)
      throw new NetError('net.malformed', { peer: client.peer, reason: 'page-head' })
    const key = pageKey(did, collection, row.run, row.pages.length)
    const kept: PartialPage = { key, after, last: proven.last, records: proven.records.length }
    const next: PartialRow = {
      ...row,
      pages: [...row.pages, kept],
      records: row.records + kept.records,
      bytes: row.bytes + proven.records.reduce((sum, it) => sum + it.bytes.length, 0),
      whole: proven.end,
    }
    const ops: WriteOp[] = [
      { type: 'put-bytes', key, parts: [proven.fragment.slice()] },
      ...(next.whole
        ? replacePartial(next, before)
        : [{ type: 'put', table: 'meta', key: pullKey(did, collection), value: next } as const]),
    ]
    await storage.write(ops)
    row = next
    progress()
    work.report({ records: row.records, bytes: row.bytes })
  }
  return row
}

/** The try that was cut off under this root, or a new one, judged by its commit. */
async function begin(taking: Taking, first: First): Promise<PartialRow> {
  const { host, pull, collection } = taking
  const { storage, clock, random, sha256 } = host
  const { did } = pull
  const { commit, root } = first
  const verdict = await judged(taking, first)
  // Our own row, written by this code.
  const open = (await storage.get('meta', pullKey(did, collection))) as PartialRow | undefined
  if (open?.commitCid === root) return open
  const identity = taking.identity === undefined ? undefined : identityOp(taking.identity, sha256)
  const row: PartialRow = {
    did,
    collection,
    run: random().toString(16).padStart(8, '0'),
    commit: first.commitBytes,
    commitCid: root,
    rev: commit.rev,
    ...verdict,
    identity: identity?.key,
    takenAt: clock.now(),
    pages: [],
    records: 0,
    bytes: 0,
    whole: false,
  }
  await storage.write([
    { type: 'put', table: 'meta', key: pullKey(did, collection), value: row },
    ...(open === undefined ? [] : deletePages(open)),
    ...(identity === undefined ? [] : [identity.op]),
  ])
  return row
}

/** Whose the commit is, and that it is not older than what is kept. */
async function judged({ host, before, identity }: Taking, { commit, digest, root }: First): Promise<Verdict> {
  const cid = cidString(CODEC_DAG_CBOR, digest)
  const verdict = await judge({
    commit: { commit, cid },
    identity,
    fetchedFromCurrentPds: false,
    head: before,
    clock: host.clock,
  })
  const proven = verdict.signature !== 'unchecked'
  if (before !== undefined && !(proven && before.signature === 'unchecked'))
    refuseStale(before, { rev: commit.rev, commitCid: root })
  return verdict
}
