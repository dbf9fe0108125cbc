import { hash, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../../core/clock.ts'
import { hasCode } from '../../../core/errors.ts'
import type { Timers } from '../../../core/timers.ts'
import type { Storage, WriteOp } from '../../../storage/port.ts'
import { createBooks } from './books.ts'
import { MailboxError } from './errors.ts'
import { GRACE, SWEEP_EVERY } from './limits.ts'
import {
  type FetchedRow,
  fetchedKey,
  NEVER,
  placeKey,
  type PlaceKind,
  type PlaceRow,
  PLACES,
  readPlace,
  storedPlaces,
} from './rows.ts'
import { entryOf, forget, lockName, sweep, takeAway, type UpkeepParts } from './upkeep.ts'

export interface PutInput {
  /** 32 bytes that the owner alone knows */
  readonly owner: Uint8Array
  readonly kind: PlaceKind
  readonly body: Uint8Array
  /** ms since 1970; null: no end */
  readonly expires: number | null
  /** how often it is meant to be used; null: as often as one likes */
  readonly uses: number | null
  /** what limits count a client by */
  readonly by: string
}

/**
 * Small sealed things under places that tell nothing: capabilities of join links, offers between the devices of a
 * person, recovery lists. Whoever knows a place may fetch; whoever put first may replace, revoke, and ask how often
 * it was fetched. What is counted and timed here is for convenience: members decide what counts.
 *
 * A place is 64 hexadecimal digits. Nothing of it is logged, nor of what lies there.
 */
export interface Mailbox {
  /**
   * Durable when it resolves. The count of fetches goes on when something is replaced.
   *
   * @throws MailboxError `mailbox.not-owner`, `mailbox.revoked`, `mailbox.too-many`, `mailbox.full`; StorageError
   */
  put(place: string, input: PutInput): Promise<'made' | 'replaced'>
  /**
   * What lies there; counts. That it was fetched for the first time is durable before it is given.
   *
   * @throws MailboxError `mailbox.unknown`, `mailbox.revoked`, `mailbox.expired`, `mailbox.used-up`
   */
  fetch(place: string): Promise<Uint8Array>
  /** Takes the body away for good. @throws MailboxError `mailbox.unknown`, `mailbox.not-owner` */
  revoke(place: string, owner: Uint8Array): Promise<void>
  /** Also of what is gone, as long as it is told. @throws MailboxError `mailbox.unknown`, `mailbox.not-owner` */
  receipt(place: string, owner: Uint8Array): Promise<FetchedRow>
  usage(): { readonly places: number; readonly bytes: number }
  close(): Promise<void>
}

export interface MailboxOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly timers: Timers
  /** something went wrong on this side in the background */
  readonly onFailure: (error: unknown) => void
}

/** Opens the mailbox of a relay's store: every row is read once. */
export async function openMailbox(options: MailboxOptions): Promise<Mailbox> {
  const { storage, clock, timers } = options
  const books = createBooks()
  for await (const { place, row, fetched } of storedPlaces(storage))
    books.set(place, entryOf(row, fetched, undefined))

  const parts: UpkeepParts = { storage, books, clock }
  let stop = (): void => {}
  let closed = false
  let sweeping: Promise<void> = Promise.resolve()
  const sweepLater = (): void => {
    stop = timers.after(SWEEP_EVERY, () => {
      sweeping = sweep(parts, () => closed)
        .catch(options.onFailure)
        .finally(() => {
          if (!closed) sweepLater()
        })
    })
  }
  await sweep(parts, () => closed)
  sweepLater()

  const alone = <T>(place: string, run: () => Promise<T>): Promise<T> =>
    storage.lock(lockName(place), { mode: 'exclusive' }, run)

  const owned = async (place: string, owner: Uint8Array): Promise<PlaceRow | undefined> => {
    const row = await readPlace(storage, place)
    if (row !== undefined && !timingSafeEqual(digest(owner), row.owner))
      throw new MailboxError('mailbox.not-owner')
    return row
  }

  const makeRoom = async (place: string, { body, by }: PutInput): Promise<void> => {
    for (;;) {
      const refused = books.refusal(place, body.length, by)
      if (refused === undefined) return
      const quiet = refused === 'full' ? books.quietest(clock.now()) : undefined
      if (quiet === undefined || quiet === place || !(await forget(parts, quiet)))
        throw new MailboxError(`mailbox.${refused}`)
    }
  }

  const mailbox: Mailbox = {
    put: (place, input) =>
      alone(place, async () => {
        const before = await owned(place, input.owner)
        if (before?.revoked === true) throw new MailboxError('mailbox.revoked')
        await makeRoom(place, input)
        const known = books.get(place)
        const { owner, by, ...rest } = input
        const row: PlaceRow = {
          ...rest,
          // A view would be kept with the whole buffer behind it.
          body: input.body.slice(),
          owner: digest(owner),
          revoked: false,
          at: clock.now(),
        }
        const fetched = known?.fetched ?? NEVER
        // Before it is written: others who put meanwhile count with it.
        books.set(place, entryOf(row, fetched, known?.by ?? by))
        const count: WriteOp[] =
          before === undefined ? [{ type: 'put', table: PLACES, key: fetchedKey(place), value: fetched }] : []
        try {
          await storage.write([{ type: 'put', table: PLACES, key: placeKey(place), value: row }, ...count])
        } catch (error) {
          books.set(place, known)
          throw hasCode(error, 'store.full') ? new MailboxError('mailbox.full', { cause: error }) : error
        }
        return before === undefined ? 'made' : 'replaced'
      }),

    // Shared: what is asked for after a revocation counts every fetch that was answered.
    fetch: (place) =>
      storage.lock(lockName(place), { mode: 'shared' }, async () => {
        const row = await readPlace(storage, place)
        const known = books.get(place)
        if (row === undefined || known === undefined) throw new MailboxError('mailbox.unknown')
        const { body, expires, uses, revoked } = row
        const now = clock.now()
        if (revoked) throw new MailboxError('mailbox.revoked')
        if (body === null || (expires !== null && expires <= now)) throw new MailboxError('mailbox.expired')
        if (uses !== null && known.fetched.count >= uses + GRACE) throw new MailboxError('mailbox.used-up')
        const fetched: FetchedRow = { count: known.fetched.count + 1, lastAt: now }
        books.set(place, { ...known, fetched })
        const op: WriteOp = { type: 'put', table: PLACES, key: fetchedKey(place), value: fetched }
        await storage.write([op], { durability: fetched.count === 1 ? 'strict' : 'relaxed' })
        return body
      }),

    revoke: (place, owner) =>
      alone(place, async () => {
        const row = await owned(place, owner)
        if (row === undefined) throw new MailboxError('mailbox.unknown')
        if (!row.revoked) await takeAway(parts, place, { ...row, revoked: true, at: clock.now() })
      }),

    async receipt(place, owner) {
      const row = await owned(place, owner)
      const known = books.get(place)
      if (row === undefined || known === undefined) throw new MailboxError('mailbox.unknown')
      return known.fetched
    },

    usage: () => ({ places: books.places, bytes: books.bytes }),
    async close() {
      closed = true
      stop()
      await sweeping
    },
  }
  return mailbox
}

const digest = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const sum = hash('sha256', bytes, 'buffer')
  // A small Buffer lies in a larger pool, which would be stored with it.
  return Uint8Array.from(sum)
}
