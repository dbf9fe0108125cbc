import { formatSpaceRepo } from '../../repo/space/uri.ts'
import type { SpaceStore } from '../../storage/space/store.ts'
import type { InnerPlace } from '../content/model.ts'
import { indexOf } from '../members/subjects.ts'
import type { CommitClaim } from '../members/verdict.ts'
import { type Effects, isEntity } from './effects.ts'
import type { Keyring } from './keyring.ts'
import { type Opened, openSealed } from './opener.ts'
import { SEALED, sealedPath } from './places.ts'
import { recordPages, recordsAt } from './repo-pages.ts'
import { createShelf } from './shelf.ts'
import { newestRegister } from './twice.ts'

/** A record of the collection of sealed ones. */
export interface Sealed {
  readonly rkey: string
  /** undefined: gone */
  readonly bytes: Uint8Array | undefined
}

/** What one device wrote, opened. */
export interface Book {
  /** the head that was read */
  claim: CommitClaim
  /** Reads all that is sealed in the repo. */
  readAll(): Promise<void>
  /** Takes in what sealed records are now. */
  take(list: readonly Sealed[]): Promise<void>
  /** Opens what waits for these epochs. */
  opened(epochs: readonly string[]): Promise<void>
  /** A sealed record of which is known what is in it; undefined: gone. */
  wrote(rkey: string, place: InnerPlace, value: Uint8Array | undefined): Promise<void>
  /** Under which sealed rkey an inner place lies. */
  rkeyAt(place: InnerPlace): Promise<string | undefined>
  /**
   * Under which an inner place lay that this device took away: what comes there again goes to the same, so that places
   * that are emptied and filled all the time leave no deletes behind.
   */
  formerRkeyAt(place: InnerPlace): string | undefined
  /** What stands at these places, each in its turn; undefined where nothing does. */
  read(places: readonly InnerPlace[]): Promise<readonly (Uint8Array | undefined)[]>
  placeOf(rkey: string): InnerPlace | undefined
  list(collection: string, prefix: string): readonly InnerPlace[]
  all(): readonly InnerPlace[]
  /** Tells that all of it counts for nothing now. */
  close(): void
}

interface BookOptions {
  readonly space: string
  readonly device: string
  readonly store: SpaceStore
  readonly keyring: Keyring
  readonly effects: Effects
}

/** Places that were emptied, and are remembered: of the text of a note 48. */
const MAX_FORMER = 1024

const isSame = (a: InnerPlace, b: InnerPlace): boolean => a.collection === b.collection && a.rkey === b.rkey

export function createBook(options: BookOptions, claim: CommitClaim): Book {
  const { space, device, store, keyring, effects } = options
  const repo = formatSpaceRepo({ space, author: device })
  const shelf = createShelf()
  /** epoch → sealed rkeys that want its key */
  const waiting = new Map<string, Set<string>>()
  /** inner place → sealed rkey of what was taken away */
  const former = new Map<string, string>()
  const nameOf = ({ collection, rkey }: InnerPlace): string => `${collection}/${rkey}`

  const open = (rkey: string, bytes: Uint8Array) =>
    openSealed(keyring, { space, author: device, rkey }, bytes)

  /** Of each place the newest record: a broken device has several with one place inside. */
  async function newest(places: readonly InnerPlace[]) {
    const bytes = new Map<string, Uint8Array>()
    const paths = places.flatMap((place) => shelf.at(place).map(sealedPath))
    for await (const records of recordsAt(store, repo, paths))
      for (const it of sealedOf(records)) if (it.bytes !== undefined) bytes.set(it.rkey, it.bytes)
    return Promise.all(
      places.map(async (place) => {
        const found: { rkey: string; value: Uint8Array }[] = []
        for (const rkey of shelf.at(place)) {
          const sealed = bytes.get(rkey)
          const opened = sealed && (await open(rkey, sealed))
          // By now something else may stand there: of that the next list of changes tells.
          if (opened?.is === 'open' && isSame(opened.place, place)) found.push({ rkey, value: opened.value })
        }
        return newestRegister(place, found)
      }),
    )
  }

  /** Says what a place is now, of which more is known than one record. */
  async function show(place: InnerPlace): Promise<void> {
    const [found] = await newest([place])
    effects.put(device, place, found?.value)
  }

  async function put(rkey: string, place: InnerPlace, value: Uint8Array): Promise<void> {
    const had = shelf.remove(rkey)
    shelf.put(rkey, place)
    if (had !== undefined && !isSame(had, place)) await show(had)
    if (shelf.at(place).length === 1) effects.put(device, place, value)
    else await show(place)
  }

  async function remove(rkey: string): Promise<void> {
    const had = shelf.remove(rkey)
    if (had !== undefined) await show(had)
  }

  const openAll = (list: readonly Sealed[]): Promise<readonly (Opened | undefined)[]> =>
    Promise.all(list.map(async ({ rkey, bytes }) => (bytes === undefined ? undefined : open(rkey, bytes))))

  async function take(list: readonly Sealed[], opening = openAll(list)): Promise<void> {
    const all = await opening
    for (const [index, { rkey }] of list.entries()) {
      const found = all[index]
      for (const them of waiting.values()) them.delete(rkey)
      if (found?.is === 'open') {
        await put(rkey, found.place, found.value)
        continue
      }
      await remove(rkey)
      if (found?.is === 'waits') indexOf(waiting, found.epoch, () => new Set<string>()).add(rkey)
      if (found?.is === 'bad')
        effects.ignored({ code: found.error.code, device, fields: { ...found.error.fields, rkey } })
    }
  }

  const sealedOf = (records: readonly { path: string; bytes?: Uint8Array }[]): Sealed[] =>
    records.flatMap(({ path, bytes }) =>
      path.startsWith(`${SEALED}/`) ? [{ rkey: path.slice(SEALED.length + 1), bytes }] : [],
    )

  const all = (): readonly InnerPlace[] => shelf.collections().flatMap((it) => shelf.list(it, ''))

  return {
    claim,
    take: (list) => take(list),
    async readAll() {
      let taking: Promise<void> | undefined
      for await (const records of recordPages(store, repo, null)) {
        const list = sealedOf(records)
        // These are opened, by other threads, while those before them are put where they belong.
        const opening = openAll(list)
        void opening.catch(() => {})
        await taking
        taking = take(list, opening)
        // Awaited in the next turn, or after the last.
        void taking.catch(() => {})
        // What is sealed stands before all else.
        if (list.length < records.length) break
      }
      await taking
    },
    async opened(epochs) {
      const rkeys = epochs.flatMap((it) => [...(waiting.get(it) ?? [])])
      for await (const records of recordsAt(store, repo, rkeys.map(sealedPath))) await take(sealedOf(records))
      for (const it of epochs) waiting.delete(it)
    },
    async wrote(rkey, place, value) {
      former.delete(nameOf(place))
      if (value !== undefined) return put(rkey, place, value)
      former.set(nameOf(place), rkey)
      const [oldest] = former.keys()
      if (former.size > MAX_FORMER && oldest !== undefined) former.delete(oldest)
      return remove(rkey)
    },
    formerRkeyAt: (place) => former.get(nameOf(place)),
    async rkeyAt(place) {
      const rkeys = shelf.at(place)
      return rkeys.length < 2 ? rkeys[0] : (await newest([place]))[0]?.rkey
    },
    placeOf: shelf.of,
    read: async (places) => (await newest(places)).map((found) => found?.value),
    list: shelf.list,
    all,
    close: () =>
      effects.drop(
        device,
        all().filter((it) => !isEntity(it)),
      ),
  }
}
