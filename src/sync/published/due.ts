import { CairnError } from '../../core/errors.ts'
import { AgreementError } from '../agreements/errors.ts'
import type { PublishedRow } from './model.ts'
import type { PublishedOptions } from './published.ts'
import type { RowChanges } from './row-changes.ts'
import { consentRow, consentRows, publishedRows, putConsent } from './rows.ts'
import { writesFor } from './writes.ts'

/** What is wished of accounts' records, and is not written yet. It stays on disk until it is. */
export interface DueWrites {
  /** Has the account's records say what is wished. @throws what stands in the way, typed, which is noted as well */
  flush(me: string): Promise<void>
  /** The same for nobody who waits. */
  later(me: string): Promise<void>
  /** Something waits that needs nobody to do anything but wait. */
  isDue(): Promise<boolean>
}

/**
 * Nothing of it counts on what was asked before: the records are read, and only what they lack is written. So a
 * request of which nobody knows what became is no trouble, and neither is another device that writes the same.
 */
export function createDueWrites(
  { storage, clock, read, write, device, onConsent }: PublishedOptions,
  { alone, change }: RowChanges,
): DueWrites {
  const running = new Map<string, Promise<void>>()

  const flushNow = async (me: string): Promise<void> => {
    const rows = (await publishedRows(storage)).filter((it) => it.me === me)
    const due = rows.filter((it) => it.due !== undefined)
    const row = await consentRow(storage, me)
    const wish = row?.due === true ? row : undefined
    if (due.length === 0 && wish === undefined) return
    const done = async (error: PublishedRow['error']): Promise<void> => {
      for (const { other, due: what } of due) {
        await change(me, other, (row) => {
          if (row === undefined || row.due !== what) return row
          return error === undefined ? { ...row, due: undefined, error } : { ...row, error }
        })
      }
      if (wish === undefined) return
      await alone(async () => {
        const now = await consentRow(storage, me)
        // The person has thought better of it meanwhile: that is written next.
        if (now?.due !== true || now.consent !== wish.consent) return
        await putConsent(storage, me, { ...now, due: error !== undefined, error })
      })
      onConsent(me)
    }
    try {
      const own = await read(me, 'server')
      if (own === undefined) throw new AgreementError('agreement.unread', { did: me })
      const consent = wish === undefined ? {} : { consent: wish.consent }
      const writes = writesFor({ me, own, rows, device: device(), now: clock.now(), ...consent })
      if (writes.length > 0) await write(me, writes)
      await done(undefined)
    } catch (error) {
      if (!(error instanceof CairnError)) throw error
      await done({ code: error.code, fields: error.fields })
      throw error
    }
  }

  /** One at a time for each account, so that none writes what another is about to. */
  const flush = (me: string): Promise<void> => {
    const before = running.get(me)?.catch(() => {}) ?? Promise.resolve()
    const mine = before.then(() => flushNow(me))
    running.set(me, mine)
    const end = (): void => {
      if (running.get(me) === mine) running.delete(me)
    }
    mine.then(end, end)
    return mine
  }

  return {
    flush,
    later: (me) =>
      flush(me).catch((error: unknown) => {
        if (!(error instanceof CairnError)) throw error
      }),
    async isDue() {
      const wishes = (await consentRows(storage)).filter(({ due }) => due)
      const rows = (await publishedRows(storage)).filter(({ due }) => due !== undefined)
      return [...rows, ...wishes].some(({ error }) => !isForPerson(error))
    },
  }
}

const isForPerson = (error: PublishedRow['error']): boolean => error?.code.startsWith('account.') === true
