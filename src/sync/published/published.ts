import type { Clock } from '../../core/clock.ts'
import { CairnError } from '../../core/errors.ts'
import type { Storage } from '../../storage/port.ts'
import { AgreementError } from '../agreements/errors.ts'
import { DEFAULT_TERMS, type Terms } from '../agreements/model.ts'
import {
  emptyPublished,
  keepsOther,
  MAX_PUBLISHED,
  type ConsentView,
  type PublishedRow,
  type PublishedState,
  type PublishedView,
  viewOfPublished,
} from './model.ts'
import { createDueWrites } from './due.ts'
import type { Published } from './records.ts'
import { createRowChanges } from './row-changes.ts'
import { consentRow, publishedRow, publishedRows, putConsent } from './rows.ts'
import { afterReading } from './step.ts'
import type { RecordWrite, ThisDevice } from './writes.ts'

export interface PublishedOptions {
  readonly storage: Storage
  readonly clock: Clock
  /**
   * What an account has published; undefined when that cannot be known now. `server`: by its server's word alone;
   * `any`: by that of a copy that is kept here, if one is.
   */
  readonly read: (did: string, from: 'server' | 'any') => Promise<Published | undefined>
  /** Throws what keeps us from writing in an account's name (`account.*`). */
  readonly ready: (did: string) => Promise<unknown>
  /** Writes to the repo of an account that is signed in here. Throws what stands in the way, typed. */
  readonly write: (did: string, writes: readonly RecordWrite[]) => Promise<void>
  /** accounts that may write such records here */
  readonly accounts: () => Promise<readonly string[]>
  /** repos that are kept here */
  readonly kept: () => Promise<readonly string[]>
  readonly device: () => ThisDevice | undefined
  readonly onChange: (view: PublishedView, before: PublishedState | undefined) => void
  /** what `consents` says may be another by now */
  readonly onConsent: (me: string) => void
  /**
   * Deletes our copy of a repo that was kept because of what was published; true when it is gone, false when it
   * stays for reasons of our own. May be asked twice.
   */
  readonly onPurge: (did: string) => Promise<boolean>
}

/** Agreements that are published as records in both accounts' repos. Opt-in: anyone can read them. */
export interface PublishedAgreements {
  list(): Promise<PublishedView[]>
  /**
   * Offers to keep each other's repo, or accepts what the other offers: both are the same record.
   *
   * @throws AgreementError `agreement.invalid`, `agreement.limit`; what `write` throws when that needs the person
   * (`account.*`), and then nothing is offered. When the server cannot be reached it is written later.
   */
  offer(
    me: string,
    other: string,
    options?: { readonly handle?: string | undefined; readonly terms?: Partial<Terms> },
  ): Promise<PublishedView>
  /**
   * Ends it: our offer is deleted, by which the other side is asked to delete its copy. With `purge` our copy of
   * theirs is deleted too.
   *
   * @throws AgreementError `agreement.not-found`
   */
  end(me: string, other: string, purge: boolean): Promise<void>
  /** whether an account lets anyone keep a copy, or is to */
  consents(me: string): Promise<ConsentView>
  /** @throws what `write` throws when that needs the person. When the server cannot be reached it is written later. */
  setConsent(me: string, consent: boolean): Promise<void>
  /** Something waits to be written that needs nobody to do anything but wait. */
  isDue(): Promise<boolean>
  /** Writes what waits, and reads nothing else. */
  writeDue(): Promise<void>
  /** What an account has published, and what of it is about ours. */
  look(other: string, handle?: string): Promise<Published | undefined>
  /** A kept repo changed: what it publishes may have. */
  heard(did: string): Promise<void>
  /** Reads everything again, and writes what is due. */
  round(): Promise<void>
  /** a copy of this repo is kept because of what was published */
  keeps(did: string): Promise<boolean>
  /** rows that hold between two accounts */
  holding(): Promise<PublishedRow[]>
}

export function createPublished(options: PublishedOptions): PublishedAgreements {
  const { storage, clock, read } = options
  const rows = createRowChanges(options)
  const { change } = rows
  const { flush, later, isDue } = createDueWrites(options, rows)

  const purge = async ({ me, other }: PublishedRow): Promise<void> => {
    const row = await publishedRow(storage, me, other)
    if (row?.purgeHere !== 'due') return
    const gone = !(await keeps(other)) && (await options.onPurge(other))
    await change(me, other, (now) => now && { ...now, purgeHere: gone ? 'purged' : 'kept' })
  }

  const keeps = async (did: string): Promise<boolean> =>
    (await publishedRows(storage)).some((row) => row.other === did && keepsOther(row))

  /** Compares what an account has published with one of our rows about it. */
  const compare = async (me: string, other: string, published: Published, handle?: string): Promise<void> => {
    const row = await change(me, other, (before) => {
      const next = afterReading(before, { me, other, published, now: clock.now() })
      return next === undefined || handle === undefined || next.handle === handle ? next : { ...next, handle }
    })
    if (row !== undefined) await purge(row)
  }

  /** The same by a server's word. That may begin something; what ends it may cost our copy, so where there is one it is asked. */
  const compareWord = async (me: string, other: string, said: Published, handle?: string): Promise<void> => {
    const row = await publishedRow(storage, me, other)
    const next = row && afterReading(row, { me, other, published: said, now: clock.now() })
    const ends = row !== undefined && keepsOther(row) && !(next !== undefined && keepsOther(next))
    await compare(me, other, ends ? ((await read(other, 'any')) ?? said) : said, handle)
  }

  /** What our own records say that the rows do not: published, or deleted, on another device. */
  const adopt = async (me: string): Promise<void> => {
    const own = await read(me, 'server')
    if (own === undefined) return
    for (const { subject, minCopies, intervalSec, priority } of own.offers.slice(0, MAX_PUBLISHED)) {
      if (subject === me) continue
      await change(me, subject, (row) =>
        row?.mine !== undefined || row?.due !== undefined
          ? row
          : {
              ...(row?.ended === undefined && row !== undefined
                ? row
                : emptyPublished(me, subject, clock.now())),
              mine: { minCopies, intervalSec, priority },
            },
      )
    }
    for (const { other } of (await publishedRows(storage)).filter((it) => it.me === me)) {
      if (own.offers.some(({ subject }) => subject === other)) continue
      await change(me, other, (row) =>
        row?.mine === undefined || row.due !== undefined || row.ended !== undefined
          ? row
          : { ...row, mine: undefined, ended: { by: 'us', at: clock.now() } },
      )
    }
  }

  const writeDue = async (): Promise<void> => {
    for (const me of await options.accounts()) await later(me)
  }

  const heard = async (did: string): Promise<void> => {
    const mine = await options.accounts()
    if (mine.includes(did)) await adopt(did)
    const known = await publishedRows(storage)
    const about = new Set([...mine, ...known.filter((it) => it.other === did).map((it) => it.me)])
    about.delete(did)
    if (about.size === 0) return
    const published = await read(did, 'any')
    if (published === undefined) return
    for (const me of about) {
      await compare(me, did, published)
      // What they have ended is ended on our side too.
      if (mine.includes(me)) await later(me)
    }
  }

  return {
    keeps,
    heard,
    isDue,
    writeDue,
    list: async () => (await publishedRows(storage)).map(viewOfPublished),
    holding: async () => (await publishedRows(storage)).filter(keepsOther),

    async offer(me, other, { handle, terms } = {}) {
      if (me === other) throw new AgreementError('agreement.invalid', { reason: 'repo' })
      await options.ready(me)
      const before = await publishedRow(storage, me, other)
      const live = (await publishedRows(storage)).filter((it) => it.me === me && it.ended === undefined)
      if (before === undefined && live.length >= MAX_PUBLISHED)
        throw new AgreementError('agreement.limit', { limit: MAX_PUBLISHED })
      const published = await read(other, 'server')
      await change(me, other, (row) => {
        const fresh = emptyPublished(me, other, clock.now())
        const base = row === undefined || row.ended !== undefined ? fresh : row
        const mine = base.mine ?? { ...DEFAULT_TERMS, ...base.yours, ...terms }
        return { ...base, handle: handle ?? row?.handle, mine, due: 'publish', error: undefined }
      })
      try {
        await flush(me)
      } catch (error) {
        // It takes the person: until then nothing was said.
        if (error instanceof CairnError && error.code.startsWith('account.')) {
          await change(me, other, () => before)
          throw error
        }
        if (!(error instanceof CairnError)) throw error
      }
      if (published !== undefined) await compareWord(me, other, published, handle)
      const row = await publishedRow(storage, me, other)
      if (row === undefined) throw new AgreementError('agreement.not-found', { id: other })
      return viewOfPublished(row)
    },

    async end(me, other, asksToPurge) {
      const row = await change(me, other, (now) => {
        if (now === undefined) throw new AgreementError('agreement.not-found', { id: other })
        if (now.ended !== undefined) return now
        return {
          ...now,
          mine: undefined,
          due: now.mine === undefined ? undefined : 'delete',
          error: undefined,
          ended: { by: 'us', at: clock.now() },
          purgeHere: asksToPurge && keepsOther(now) ? 'due' : now.purgeHere,
        }
      })
      if (row !== undefined) await purge(row)
      await later(me)
    },

    async consents(me) {
      const before = await consentRow(storage, me)
      if (before?.due === true) return { consents: before.consent, waiting: true, error: before.error }
      const own = (await read(me, 'server')) ?? (await read(me, 'any'))
      const consents = own === undefined ? before?.consent : own.consents.length > 0
      if (consents !== undefined && consents !== before?.consent) {
        await rows.alone(async () => {
          if ((await consentRow(storage, me))?.due === true) return
          await putConsent(storage, me, { consent: consents, due: false, error: undefined })
        })
      }
      return { consents, waiting: false, error: undefined }
    },
    async setConsent(me, consent) {
      await options.ready(me)
      const before = await consentRow(storage, me)
      await rows.alone(() => putConsent(storage, me, { consent, due: true, error: undefined }))
      try {
        await flush(me)
      } catch (error) {
        if (!(error instanceof CairnError)) throw error
        if (!error.code.startsWith('account.')) return
        // It takes the person: until then nothing was said.
        await rows.alone(() => putConsent(storage, me, before))
        throw error
      }
    },

    async look(other, handle) {
      const published = (await read(other, 'server')) ?? (await read(other, 'any'))
      if (published === undefined) return undefined
      for (const me of await options.accounts())
        if (me !== other) await compareWord(me, other, published, handle)
      return published
    },

    async round() {
      const mine = await options.accounts()
      for (const me of mine) await adopt(me)
      const others = new Set((await publishedRows(storage)).map((it) => it.other))
      if (mine.length > 0) for (const did of await options.kept()) others.add(did)
      for (const did of others) await heard(did)
      await writeDue()
      for (const row of await publishedRows(storage)) await purge(row)
    },
  }
}
