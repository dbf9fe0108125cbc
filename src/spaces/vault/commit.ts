import { formatSpaceRepo } from '../../repo/space/uri.ts'
import type { SpaceChange } from '../../storage/space/change.ts'
import { parseSpaceCommit, spaceCommitCid } from '../../repo/space/commit.ts'
import { SpacesError } from '../errors.ts'
import { newSealedRkey, sealRecord } from '../sealing/record.ts'
import type { InnerPlace } from '../content/model.ts'
import { membershipHeads, readyEpoch } from './epoch-choice.ts'
import type { VaultParts } from './parts.ts'
import { SEALED, sealedPath } from './places.ts'

/** An inner record as it is to be; undefined takes it away. */
export interface InnerChange extends InnerPlace {
  readonly value: Uint8Array | undefined
}

/** Of one commit. */
const MAX_RECORDS = 1024
const MAX_BYTES = 8 << 20

/** Throws SpacesError `spaces.no-person` (not in yet), `spaces.removed`, `spaces.read-only` unless this device may write. */
function checkMayWrite(parts: VaultParts): void {
  const role = parts.role()
  const device = parts.device().id
  if (role === 'none') {
    const { state } = parts.row()
    const isIn = state !== 'asked' && state !== 'declined'
    throw new SpacesError(isIn ? 'spaces.removed' : 'spaces.no-person', { device })
  }
  if (role === 'reader') throw new SpacesError('spaces.read-only', { device })
}

/**
 * Seals inner records of this device and commits them, with what the epoch needs; durable when it resolves, and shown.
 * `make` gives them once nobody else can write. Many are several commits. An inner place that is named more than once
 * has the last value. The caller has the vault alone.
 *
 * @throws SpacesError `spaces.removed`, `spaces.read-only`; StorageError
 */
export async function commitInner(
  parts: VaultParts,
  make: () => readonly InnerChange[] | Promise<readonly InnerChange[]>,
  { freshEpoch = false }: { readonly freshEpoch?: boolean } = {},
): Promise<void> {
  const { host, space, repos } = parts
  checkMayWrite(parts)
  const author = parts.device().id
  const repo = formatSpaceRepo({ space, author })
  // Two contexts of one profile may have the space open; they take turns, and each goes on from what is there.
  await host.storage.lock(`space-write/${space}`, { mode: 'exclusive' }, async () => {
    await repos.catchUp(author)
    await takeBack(parts, repo)
    const changes = await make()
    const last = new Map(changes.map((it) => [`${it.collection}/${it.rkey}`, it]))
    let fresh = freshEpoch
    for (const some of inParts([...last.values()])) {
      await commitSome(parts, repo, some, fresh)
      fresh = false
    }
  })
}

function* inParts(changes: readonly InnerChange[]): Generator<readonly InnerChange[]> {
  let some: InnerChange[] = []
  let bytes = 0
  for (const it of changes) {
    const size = it.value?.length ?? 0
    if (some.length > 0 && (some.length >= MAX_RECORDS || bytes + size > MAX_BYTES)) {
      yield some
      some = []
      bytes = 0
    }
    some.push(it)
    bytes += size
  }
  yield some
}

/** An inner record, and the sealed one that it goes to; without bytes it goes away. */
interface Wrote {
  readonly rkey: string
  readonly it: InnerChange
  readonly bytes: Uint8Array<ArrayBuffer> | undefined
}

async function commitSome(
  parts: VaultParts,
  repo: string,
  inner: readonly InnerChange[],
  fresh: boolean,
): Promise<void> {
  const { host, space, keyring, repos } = parts
  const author = parts.device().id
  const { epoch, made, changes: keys } = await readyEpoch(parts, fresh)
  const book = repos.books().get(author)
  const sealed = inner.map(async (it): Promise<Wrote[]> => {
    const known = await book?.rkeyAt(it)
    const { collection, rkey: name, value } = it
    if (value === undefined) return known === undefined ? [] : [{ rkey: known, it, bytes: undefined }]
    const rkey = known ?? book?.formerRkeyAt(it) ?? newSealedRkey(host.random)
    const content = { collection, rkey: name, value }
    return [{ rkey, it, bytes: await sealRecord({ space, author, rkey }, epoch, content, host.random) }]
  })
  const wrote = (await Promise.all(sealed)).flat()
  const changes = [...keys, ...wrote.map(({ rkey, bytes }) => ({ path: sealedPath(rkey), bytes }))]
  if (changes.length === 0) return
  const before = book?.claim
  await commitRaw(parts, repo, changes)
  try {
    if (made !== undefined) await keyring.learn(epoch.info.name, epoch.key, made)
    await repos.settleKeys()
    const own = repos.books().get(author)
    for (const { rkey, it } of wrote) await own?.wrote(rkey, it, it.value)
  } catch (error) {
    // It is in the repo: the next time it is read from there.
    if (before === undefined) repos.close(author)
    else repos.own(author, before)
    throw error
  }
}

/** Commits records as they are; keys among them are taken in. The caller holds the lock. */
export async function commitRaw(
  parts: VaultParts,
  repo: string,
  changes: readonly SpaceChange[],
): Promise<void> {
  const { host, repos } = parts
  const device = parts.device()
  const members = membershipHeads(parts)
  const bytes = await parts.commit(repo, changes, members)
  const { rev } = parseSpaceCommit(bytes)
  repos.own(device.id, { author: device.id, rev, members, cid: spaceCommitCid(bytes, host.sha256) })
  for (const { path, bytes: record } of changes) await repos.takeKeys(device.id, path, record)
}

/** What was moved aside when this device was stopped comes back with the next commit: it may write again. */
async function takeBack(parts: VaultParts, repo: string): Promise<void> {
  const { store, repos } = parts
  if (!(await store.aside.has(repo))) return
  let after: string | null = null
  do {
    const page = await store.aside.page(repo, after)
    const changes = page.records.flatMap(({ path, bytes }) => (bytes === undefined ? [] : [{ path, bytes }]))
    await commitRaw(parts, repo, changes)
    await repos.settleKeys()
    const book = repos.books().get(parts.device().id)
    await book?.take(
      changes.flatMap(({ path, bytes }) =>
        path.startsWith(`${SEALED}/`) ? [{ rkey: path.slice(SEALED.length + 1), bytes }] : [],
      ),
    )
    after = page.upTo
  } while (after !== null)
  await store.aside.drop(repo)
}
