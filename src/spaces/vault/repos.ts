import { parseSpaceCommit } from '../../repo/space/commit.ts'
import { formatSpaceRepo, parseSpaceRepo } from '../../repo/space/uri.ts'
import type { SpaceHeadRow } from '../../storage/space/rows.ts'
import type { SpaceStore } from '../../storage/space/store.ts'
import type { KeyUnwrap } from '../epochs/wrap.ts'
import type { SpaceLog } from '../log/model.ts'
import type { CommitClaim, Verdict } from '../members/verdict.ts'
import { type Book, createBook } from './book.ts'
import type { Effects } from './effects.ts'
import type { Keyring } from './keyring.ts'
import { EPOCHS, parsePlace, SEALED } from './places.ts'
import { recordPages } from './repo-pages.ts'

interface ReposOptions {
  readonly space: string
  readonly store: SpaceStore
  readonly log: SpaceLog
  readonly keyring: Keyring
  readonly effects: Effects
  /** for each device that this one can open for; its own is the first */
  readonly unwraps: () => readonly KeyUnwrap[]
  /** whether a device is this one or was, while it has no role: what it wrote is for this person alone */
  readonly isOwnPast: (device: string) => boolean
}

/** What the repos of a space hold, opened: in step with the store as far as was said that a head moved. */
export interface Repos {
  /** Reads all that is kept. */
  load(): Promise<void>
  /** Reads what changed in one repo; what is not shown is closed. */
  catchUp(device: string): Promise<void>
  /** A key may have come: what waits for it is opened. */
  settleKeys(): Promise<void>
  /** Whether what stands behind a commit is shown here: it counts, or is this device's own while it is out. */
  shows(claim: CommitClaim): boolean
  /** Repos that are shown. */
  books(): ReadonlyMap<string, Book>
  /** The book of a device; a new one for its first commit. */
  own(device: string, claim: CommitClaim): Book
  /** What a repo has at a path that tells of keys. */
  takeKeys(device: string, path: string, bytes: Uint8Array | undefined): Promise<void>
  close(device: string): void
}

/** Bytes of a list of changes; above that a repo is read anew. */
const MAX_CHANGES = 16 << 20
const HEADS = 256
/** Repos that are read at once when a space is opened. */
const READERS = 3
/** A head that moves on while its repo is read is read again, so often at most in one go. */
const TURNS = 8

export const claimOf = (head: Pick<SpaceHeadRow, 'commit' | 'cid'>): CommitClaim => {
  const { author, rev, members } = parseSpaceCommit(head.commit)
  return { author, rev, members, cid: head.cid }
}

/** What is behind a frozen head stays where it is kept. */
export const isIn = ({ is }: Verdict): boolean => is === 'counts' || is === 'behind'

export function createRepos(options: ReposOptions): Repos {
  const { space, store, log, keyring, effects, unwraps, isOwnPast } = options
  const books = new Map<string, Book>()
  /** epochs that opened, and of which not every book has heard */
  const untold = new Set<string>()
  const repoOf = (author: string): string => formatSpaceRepo({ space, author })

  const shows = (claim: CommitClaim): boolean => isOwnPast(claim.author) || isIn(log.members.judge(claim))

  function close(device: string): void {
    const book = books.get(device)
    if (book === undefined) return
    books.delete(device)
    keyring.dropDevice(device)
    book.close()
  }

  function own(device: string, claim: CommitClaim): Book {
    const book = books.get(device) ?? createBook({ ...options, device }, claim)
    books.set(device, book)
    book.claim = claim
    return book
  }

  async function takeKeys(device: string, path: string, bytes: Uint8Array | undefined): Promise<void> {
    const place = parsePlace(path)
    if (place?.kind === 'wrap') keyring.putWrap(device, place, bytes)
    if (place?.kind !== 'epoch') return
    const fault = await keyring.putEpoch(device, place.name, bytes)
    if (fault !== undefined) effects.ignored({ code: fault.code, device, fields: { ...fault.fields, path } })
  }

  async function settleKeys(): Promise<void> {
    const own = unwraps()
    const { opened, faults } = await keyring.settle(own)
    for (const { code, fields } of faults) effects.ignored({ code, device: own[0]?.device ?? '', fields })
    for (const name of opened) untold.add(name)
    if (untold.size === 0) return
    const names = [...untold]
    for (const book of books.values()) await book.opened(names)
    for (const name of names) untold.delete(name)
  }

  /** A book of which only the keys were read; none when the head is not shown. */
  async function begin(device: string): Promise<Book | undefined> {
    const head = await store.head(repoOf(device))
    const claim = head && claimOf(head)
    if (claim === undefined || !shows(claim)) return undefined
    const book = own(device, claim)
    for await (const records of recordPages(store, repoOf(device), EPOCHS))
      for (const { path, bytes } of records) await takeKeys(device, path, bytes)
    return book
  }

  async function anew(device: string): Promise<void> {
    close(device)
    try {
      const book = await begin(device)
      if (book === undefined) return
      await settleKeys()
      await book.readAll()
    } catch (error) {
      // What was read in part would pass for all of it.
      close(device)
      throw error
    }
  }

  async function step(device: string, head: SpaceHeadRow): Promise<void> {
    if (!shows(claimOf(head))) return close(device)
    const book = books.get(device)
    if (book === undefined) return anew(device)
    const { rev, cid: commit } = book.claim
    const found = await store.since(repoOf(device), { rev, commit }, MAX_CHANGES)
    if (found === undefined || typeof found === 'string') return anew(device)
    for (const { path, bytes } of found.changes) await takeKeys(device, path, bytes)
    await settleKeys()
    await book.take(
      found.changes.flatMap(({ path, bytes }) =>
        path.startsWith(`${SEALED}/`) ? [{ rkey: path.slice(SEALED.length + 1), bytes }] : [],
      ),
    )
    // The head of the same moment as the changes, once they are all here: what fails is taken again.
    book.claim = claimOf(found.head)
  }

  async function catchUp(device: string): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) {
      const head = await store.head(repoOf(device))
      const book = books.get(device)
      if (head === undefined) return close(device)
      if (book?.claim.cid === head.cid) {
        if (!shows(book.claim)) close(device)
        return
      }
      await step(device, head)
      if (!books.has(device)) return
    }
  }

  /** Some at a time: while one is read from the disk, another is opened. */
  async function readBooks(): Promise<void> {
    const rest = books.values()
    const read = async (): Promise<void> => {
      for (const book of rest) await book.readAll()
    }
    const ends = await Promise.allSettled(Array.from({ length: READERS }, read))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  return {
    async load() {
      let after: string | undefined
      do {
        const range = after === undefined ? { limit: HEADS } : { limit: HEADS, after }
        const heads = await store.heads(`${space}/`, range)
        for (const { repo } of heads) {
          const author = parseSpaceRepo(repo)?.author
          if (author !== undefined) await begin(author)
        }
        after = heads.length < HEADS ? undefined : heads.at(-1)?.repo
      } while (after !== undefined)
      await settleKeys()
      await readBooks()
      // What moved meanwhile.
      for (const device of [...books.keys()]) await catchUp(device)
    },
    catchUp,
    settleKeys,
    shows,
    books: () => books,
    own,
    takeKeys,
    close,
  }
}
