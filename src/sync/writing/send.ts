import type { Session } from '../../pds/account/model.ts'
import type { Host } from '../host.ts'
import { WritingError } from './errors.ts'
import { readHead } from './head-values.ts'
import { type DraftRow, isInFlight } from './model.ts'
import { prepare } from './prepare.ts'
import { nextBatch, sendable } from './queue.ts'
import { followers } from './references.ts'
import { changeRows, draftsOf } from './rows.ts'
import { applyWrites, type WriteAnswer } from './server.ts'
import { settleDrafts, type Settled, withoutSending } from './settle.ts'

/** How often the repo may change under our hands before we let it be for a while. */
const MAX_MOVES = 5

export interface SendParts {
  readonly host: Pick<Host, 'storage' | 'sha256' | 'clock'>
  readonly session: Session
  /** Reads the repo from its server and proves it; resolves when the head is the newest there is. */
  readonly syncBack: () => Promise<void>
  /** CID of the commit that the server says it has; asked before anything is marked as on its way */
  readonly latest: () => Promise<string>
  /** undefined: nobody is found by that name */
  readonly didOf: (handle: string) => Promise<string | undefined>
  /** what became of drafts on the way */
  readonly onSettled: (settled: Settled) => Promise<void>
  readonly onRefused: (row: DraftRow, error: WritingError) => Promise<void>
  /** rows changed */
  readonly onChange: () => void
}

/**
 * Sends what waits, in order, each commit over the one before; ends when nothing is left that can be sent and the
 * verified head shows what was. False: another tab is at it.
 *
 * Before a request leaves, it is on disk that it does; who finds such a mark reads the repo before anything else, and
 * sees there what was done. So nothing is written twice, however it ends.
 *
 * @throws AccountError, PdsError, SyncError; WritingError `writing.moving`
 */
export async function sendDrafts(parts: SendParts): Promise<boolean> {
  const { host, session } = parts
  const { storage } = host
  return storage.lock(`drafts:${session.did}`, { mode: 'exclusive', ifAvailable: true }, async (held) => {
    if (!held) return false
    await catchUp(parts, { always: false })
    await settle(parts, false)
    if (sendable(await draftsOf(storage, session.did)).length === 0) return true
    const kept = (await readHead(storage, session.did)).commit
    if ((await parts.latest()) !== kept) await catchUp(parts, { always: true })
    // The commit that the server named last: what is verified comes after.
    let head = (await readHead(storage, session.did)).commit
    let moves = 0
    let most: number | undefined
    for (;;) {
      const [wanted, single] = [sendable(await draftsOf(storage, session.did)), most === 1]
      const batch = await prepare(parts, single ? wanted.slice(0, 1) : nextBatch(wanted))
      parts.onChange()
      if (batch === 'refused') continue
      if (batch.length === 0) break
      if (!(await mark(parts, batch))) continue
      parts.onChange()
      const answer = await applyWrites(session, batch, head)
      await note(parts, batch, answer)
      parts.onChange()
      if (answer.type === 'written') {
        head = answer.commit
        continue
      }
      if (answer.type === 'moved') {
        if (++moves > MAX_MOVES) throw new WritingError('writing.moving', { host: new URL(session.pds).host })
        await catchUp(parts, { always: true })
        head = (await readHead(storage, session.did)).commit
        continue
      }
      if (answer.type !== 'refused') throw answer.error
      // Which of them it was is found by asking for each alone.
      if (batch.length > 1) most = 1
    }
    await catchUp(parts, { always: false })
    return true
  })
}

/** Reads the repo anew when the fate of anything hangs on it, and draws the conclusions. */
async function catchUp(parts: SendParts, { always }: { always: boolean }): Promise<void> {
  const { host, session } = parts
  const open = (await draftsOf(host.storage, session.did)).some(isInFlight)
  if (!open && !always) return
  await parts.syncBack()
  await settle(parts, true)
  const sent = (await draftsOf(host.storage, session.did)).some((row) => row.state === 'sent')
  // its own word against what it serves: to be tried again, not to be believed
  if (sent)
    throw new WritingError('writing.not-listed', { host: new URL(session.pds).host, did: session.did })
}

async function settle(parts: SendParts, fresh: boolean): Promise<void> {
  await parts.onSettled(await settleDrafts(parts.host, parts.session.did, { fresh }))
  parts.onChange()
}

/** False when the person changed one of them at that moment. */
async function mark(parts: SendParts, batch: readonly DraftRow[]): Promise<boolean> {
  const { host, session } = parts
  let same = false
  await changeRows(host.storage, session.did, host.clock.now(), (rows) => {
    same = batch.every((row) => rows.find(({ id }) => id === row.id)?.generation === row.generation)
    return same ? { put: batch.map((row) => ({ ...row, state: 'sending' as const })) } : undefined
  })
  return same
}

/** Writes down what the server said. */
async function note(parts: SendParts, batch: readonly DraftRow[], answer: WriteAnswer): Promise<void> {
  const { host, session } = parts
  if (answer.type === 'unknown') return
  const refused = answer.type === 'refused' && batch.length === 1 ? answer.error : undefined
  const ids = batch.map(({ id }) => id)
  await changeRows(host.storage, session.did, host.clock.now(), (rows) => {
    const sending = rows.filter((row) => ids.includes(row.id))
    if (answer.type === 'written') {
      const put = new Map<string, DraftRow>()
      for (const row of sending) {
        const cid = row.value === undefined ? undefined : (answer.cids[ids.indexOf(row.id)] ?? row.cid)
        put.set(row.id, { ...row, cid, state: 'sent', sent: { rev: answer.rev, commit: answer.commit } })
        // A server that completes a record gives it another name.
        const others = rows.map((it) => put.get(it.id) ?? it)
        for (const it of followers(others, { ...row, cid }, row.cid, host.sha256)) put.set(it.id, it)
        const next = rows.find((it) => it.path === row.path && it.id > row.id)
        if (next !== undefined) put.set(next.id, { ...(put.get(next.id) ?? next), base: cid })
      }
      return { put: [...put.values()] }
    }
    const put: DraftRow[] = []
    const remove: string[] = []
    for (const row of sending) {
      const later = rows.find((it) => it.path === row.path && it.id > row.id)
      if (later !== undefined) remove.push(row.id)
      const back = withoutSending(row, later)
      const reason = later === undefined ? refused : undefined
      put.push(
        reason === undefined
          ? back
          : { ...back, state: 'refused', reason: { code: reason.code, fields: reason.fields } },
      )
    }
    return { put, remove }
  })
  if (refused !== undefined && batch[0] !== undefined) await parts.onRefused(batch[0], refused)
}
