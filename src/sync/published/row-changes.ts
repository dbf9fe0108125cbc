import type { Clock } from '../../core/clock.ts'
import type { Storage } from '../../storage/port.ts'
import {
  publishedState,
  type PublishedRow,
  type PublishedState,
  type PublishedView,
  viewOfPublished,
} from './model.ts'
import { publishedRow, putPublished } from './rows.ts'

export interface RowChanges {
  /** Runs after what was given before has ended: only the context that leads changes these rows. */
  alone<T>(work: () => Promise<T>): Promise<T>
  /** Gives the row as it is then. What becomes of it is told. */
  change(
    me: string,
    other: string,
    make: (row: PublishedRow | undefined) => PublishedRow | undefined,
  ): Promise<PublishedRow | undefined>
}

/** One change of the rows at a time. */
export function createRowChanges({
  storage,
  clock,
  onChange,
}: {
  readonly storage: Storage
  readonly clock: Clock
  readonly onChange: (view: PublishedView, before: PublishedState | undefined) => void
}): RowChanges {
  let turn: Promise<unknown> = Promise.resolve()

  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work)
    turn = mine.catch(() => {})
    return mine
  }

  return {
    alone,
    change: (me, other, make) =>
      alone(async () => {
        const before = await publishedRow(storage, me, other)
        const row = make(before)
        if (row === before) return row
        await putPublished(storage, { me, other }, row)
        // Taken back before anything came of it.
        const told = row ?? (before && { ...before, ended: { by: 'them', at: clock.now() } as const })
        if (told !== undefined && !isSame(before, row))
          onChange(viewOfPublished(told), before && publishedState(before))
        return row
      }),
  }
}

/** Nothing is new but when it was read. */
const isSame = (a: PublishedRow | undefined, b: PublishedRow | undefined): boolean =>
  a !== undefined &&
  b !== undefined &&
  JSON.stringify({ ...a, readAt: undefined }) === JSON.stringify({ ...b, readAt: undefined })
