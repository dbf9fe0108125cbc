import { compareRev } from '../../core/tid.ts'
import type { Host } from '../host.ts'
import { adoptFiles, dropFiles } from './files.ts'
import { type HeadValues, readHead } from './head-values.ts'
import { type DraftRow, isInFlight } from './model.ts'
import { changeRows, draftsOf } from './rows.ts'

/** What became of drafts. */
export interface Settled {
  /** the verified head has them: they are records now */
  readonly written: readonly DraftRow[]
  /** the server had taken them, and by the time of the head someone has changed the record again */
  readonly replaced: readonly DraftRow[]
  /** the record is not what it was when they were written */
  readonly conflicts: readonly DraftRow[]
}

type Fate = 'open' | 'written' | 'replaced' | 'conflict' | 'back'

/**
 * Compares drafts with the verified head. `fresh`: the head was read from the server after the last request of any
 * draft had ended, so that what it does not show was not done. Only who sends knows that.
 */
export async function settleDrafts(
  { storage, clock }: Pick<Host, 'storage' | 'clock'>,
  did: string,
  { fresh = false } = {},
): Promise<Settled> {
  const none: Settled = { written: [], replaced: [], conflicts: [] }
  if ((await draftsOf(storage, did)).length === 0) return none
  const head = await readHead(storage, did)
  let settled = none
  await changeRows(storage, did, clock.now(), async (rows) => {
    const fates = new Map<DraftRow, Fate>()
    for (const row of rows) {
      const first = rows.find((it) => it.path === row.path) === row
      fates.set(row, first ? fateOf(row, await head.cid(row.path), head, fresh) : 'open')
    }
    const all = (fate: Fate): DraftRow[] => rows.filter((row) => fates.get(row) === fate)
    const conflicts = all('conflict').filter((row) => row.state !== 'conflict')
    const back = all('back')
    settled = { written: all('written'), replaced: all('replaced'), conflicts }
    const gone = [...settled.written, ...settled.replaced]
    // Before the rows go: a stop in between finds them again, and nothing is fetched that was here.
    for (const row of gone) await adoptFiles(storage, row)

    const later = (row: DraftRow): DraftRow | undefined =>
      rows.find((it) => it.path === row.path && it.id > row.id)
    const put: DraftRow[] = conflicts.flatMap((row) => {
      const next = later(row)
      const clear: DraftRow = { ...row, state: 'conflict', sent: undefined }
      return next === undefined ? [clear] : [{ ...next, base: row.base, state: 'conflict' }]
    })
    // What is wanted by now takes the place of what was not done.
    put.push(...back.map((row) => withoutSending(row, later(row))))
    const replacedRows = [...conflicts, ...back].filter((row) => later(row) !== undefined)
    const remove = [...gone, ...replacedRows]
    if (put.length + remove.length === 0) return undefined
    const staying = rows.filter((row) => !remove.includes(row))
    return { put, remove: remove.map(({ id }) => id), ops: dropFiles(remove, staying) }
  })
  return settled
}

/** A row that was not written, to be sent again; or the one after it, in its place. */
export function withoutSending(row: DraftRow, later: DraftRow | undefined): DraftRow {
  if (later !== undefined) return { ...later, base: row.base }
  return { ...row, state: 'waiting', sent: undefined }
}

function fateOf(row: DraftRow, now: string | undefined, head: HeadValues, fresh: boolean): Fate {
  if (now === row.cid) return 'written'
  if (row.state === 'sent') {
    const isAfter =
      head.rev === undefined || row.sent === undefined || compareRev(head.rev, row.sent.rev) >= 0
    return isAfter ? 'replaced' : 'open'
  }
  // A request that is on its way may still be done.
  if (isInFlight(row) && !fresh) return 'open'
  if (now !== row.base) return 'conflict'
  return isInFlight(row) ? 'back' : 'open'
}
