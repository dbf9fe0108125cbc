import { formatSpaceRepo } from '../../repo/space/uri.ts'
import { SELF } from '../../storage/space/rows.ts'
import { kindOf } from '../content/ids.ts'
import type { InnerPlace } from '../content/model.ts'
import type { SpaceDevice } from '../keys/model.ts'
import { signConsent } from '../members/consent.ts'
import { commitInner, type InnerChange } from './commit.ts'
import type { VaultParts } from './parts.ts'
import { parsePlace } from './places.ts'
import { SEEN } from './seen.ts'
import { signAct } from './sign-act.ts'
import { isTyped, versionsOfTyped } from './unsent-text.ts'

/** Bytes of a list of changes; above that all is taken for unsent. */
const MAX_CHANGES = 64 << 20

/** The newest head of this device that others have, as far as it is known. */
export interface SentHead {
  readonly rev: string
  readonly commit: string
}

/**
 * Takes a new identity: this device's own repo was found elsewhere with another or a newer head, so the profile was
 * cloned and each side goes on as one of its own. The former device makes the new one its person's; what it wrote since
 * `sent` (all, when that is unknown) is written again by the new one, and its repo here makes room for what the others
 * have. Cut off anywhere, it goes on when the space is opened again. The caller has the vault alone.
 *
 * @throws SpacesError, MembersError; StorageError
 */
export async function adoptNewIdentity(parts: VaultParts, sent: SentHead | undefined): Promise<void> {
  const { host, space, log, persons } = parts
  const old = parts.device()
  const [newest] = await host.keys.devices(space)
  // One that was made before a crash.
  const fresh = newest === undefined || newest.id === old.id ? await host.keys.renew(space) : newest
  const person = persons.personOf(old.id)
  if (person !== undefined && parts.role() !== 'none' && !log.members.state().devices.has(fresh.id)) {
    const names = { space, by: old.id, person, device: fresh.id }
    const consent = await signConsent(names, fresh.signer)
    await signAct(parts, { kind: 'device', body: { person, device: fresh.id, consent } })
  }
  await log.add({ cards: [fresh.card] })
  await parts.patch({ device: fresh.id, former: [...new Set([...parts.row().former, old.id])] })
  persons.refresh()
  parts.effects.members()
  await leaveFormer(parts, old.id, sent)
}

/**
 * What this device was before, as long as that is one of its person's: others may know of that one alone, and it brings
 * them the operation that makes this one.
 */
export async function formerSelf({
  host,
  space,
  log,
  row,
}: Pick<VaultParts, 'host' | 'space' | 'log' | 'row'>): Promise<SpaceDevice | undefined> {
  const { devices } = log.members.state()
  const id = row().former.findLast((it) => devices.has(it))
  return id === undefined ? undefined : (await host.keys.devices(space)).find((it) => it.id === id)
}

/** Goes on with changes of identity that were cut off. The caller has the vault alone. */
export async function settleFormer(parts: VaultParts): Promise<void> {
  // Until it is known whether somebody new is let in, what they were before stays as it is.
  if (parts.role() === 'none' && parts.row().was !== undefined) return
  for (const device of parts.row().former) await leaveFormer(parts, device, undefined)
}

async function leaveFormer(parts: VaultParts, device: string, sent: SentHead | undefined): Promise<void> {
  const { space, store, repos } = parts
  const repo = formatSpaceRepo({ space, author: device })
  const head = await store.head(repo)
  // What others gave of it is theirs to say.
  if (head === undefined || !head.givers.includes(SELF)) return
  if (parts.role() === 'none' || parts.role() === 'reader') {
    repos.close(device)
    await store.aside.set(repo, head.cid)
    return
  }
  await commitInner(parts, () => unsentOf(parts, device, sent))
  repos.close(device)
  await store.drop(repo, head.cid)
}

/**
 * What a device wrote since a head, as inner records; all that it wrote when that head is not known here. Of notes, what
 * they say here, as versions.
 */
async function unsentOf(
  parts: VaultParts,
  device: string,
  sent: SentHead | undefined,
): Promise<InnerChange[]> {
  const { space, store, repos } = parts
  const book = repos.books().get(device)
  if (book === undefined) return []
  const repo = formatSpaceRepo({ space, author: device })
  const since = sent && (await store.since(repo, sent, MAX_CHANGES))
  const changed =
    typeof since !== 'object'
      ? undefined
      : new Set(
          since.changes.flatMap(({ path }) => {
            const place = parsePlace(path)
            return place?.kind === 'sealed' ? [place.rkey] : []
          }),
        )
  const places: InnerPlace[] = []
  for (const place of book.all()) {
    if (place.collection === SEEN.collection) continue
    const rkey = await book.rkeyAt(place)
    if (changed === undefined || (rkey !== undefined && changed.has(rkey))) places.push(place)
  }
  const [typed, others] = [places.filter(isTyped), places.filter((it) => !isTyped(it))]
  const found = await versionsOfTyped(parts, typed, others)
  for (const [index, value] of (await book.read(others)).entries()) {
    const place = others[index]
    if (place !== undefined && value !== undefined) found.push({ ...place, value })
  }
  // Entities first: a note's text is of a note.
  return found.sort(
    (a, b) => Number(kindOf(b.collection) !== undefined) - Number(kindOf(a.collection) !== undefined),
  )
}
