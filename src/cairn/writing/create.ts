import { hasCode } from '../../core/errors.ts'
import type { Sessions } from '../../pds/account/model.ts'
import { RepoError } from '../../repo/errors.ts'
import { encodeRecord } from '../../sync/writing/encode.ts'
import { readHead } from '../../sync/writing/head-values.ts'
import type { DraftRow, RecordValue } from '../../sync/writing/model.ts'
import { allDrafts, draftsOf } from '../../sync/writing/rows.ts'
import { discardDraft, insist, newRecordKey, saveDraft } from '../../sync/writing/save.ts'
import { settleDrafts, type Settled } from '../../sync/writing/settle.ts'
import type { ActivityLog } from '../activity.ts'
import type { CairnEvent } from '../model.ts'
import type { CairnHost } from '../host.ts'
import type { Draft, Writing } from '../writing-model.ts'
import { checkRecord, readText } from './lexicon.ts'
import { createSender } from './sender.ts'
import { showDraft } from './show.ts'

/** A nudge after this long would come too soon after the last: events come in bursts, ms. */
const GATHER = 50

export interface WritingRoomParts {
  readonly host: CairnHost
  readonly sessions: Sessions
  readonly log: ActivityLog
  readonly emit: (event: CairnEvent) => void
  /** Backs a repo up; resolves when the job has ended, and throws why it failed. */
  readonly backUp: (did: string) => Promise<void>
}

export interface WritingRoom {
  readonly api: Writing
  /** An event of this context or another. */
  heard(event: CairnEvent): void
  /** Goes on with what a stop cut off. */
  start(): void
  /** Stops trying; a request on its way is not waited for, its mark is on disk. */
  close(): void
}

/** Pending writes to one's own repos. */
export function createWritingRoom({ host, sessions, log, emit, backUp }: WritingRoomParts): WritingRoom {
  const { storage } = host
  const changed = (did: string): void => emit({ type: 'drafts', did })
  const sender = createSender({
    host,
    sessions,
    backUp,
    onChange: changed,
    onSettled: (did, settled) => tell(did, settled),
    onRefused: async ({ did, path }, { code, fields }) =>
      log.note({ did, kind: 'writing.refused', fields: { ...fields, code, path }, level: 'bad' }),
  })

  const tell = async (did: string, { written, replaced, conflicts }: Settled): Promise<void> => {
    if (written.length + replaced.length > 0) {
      const count = written.length + replaced.length
      const path = count === 1 ? (written[0] ?? replaced[0])?.path : undefined
      const fields = { count, replaced: replaced.length, path }
      await log.note({ did, kind: 'writing.done', fields, level: 'good' })
    }
    for (const { path } of conflicts) {
      await log.note({ did, kind: 'writing.conflict', fields: { path }, level: 'warning' })
    }
    if (written.length + replaced.length + conflicts.length > 0) changed(did)
  }

  /** A new head may hold what was sent, or something else where a draft wants to go. */
  const settle = async (did: string): Promise<void> => {
    try {
      await tell(did, await settleDrafts(host, did))
    } catch (error) {
      // The repo may be gone by now; the drafts stay for when it is kept again.
      if (!hasCode(error, 'sync.not-kept')) throw error
    }
  }

  const due = new Set<string>()
  let closed = false
  let cancel = (): void => {}
  const soon = (did: string): void => {
    if (closed) return
    if (due.size === 0) {
      cancel = host.timers.after(GATHER, () => {
        const dids = [...due]
        due.clear()
        // a lost storage shows wherever it is used next
        for (const it of dids) settle(it).catch(() => {})
      })
    }
    due.add(did)
  }

  const nudgeAll = async (): Promise<void> => {
    const dids = new Set((await allDrafts(storage)).filter(({ state }) => canGo(state)).map(({ did }) => did))
    for (const did of dids) if ((await sessions.of(did)) !== undefined) sender.nudge(did)
  }

  const show = async (rows: readonly DraftRow[], wanted: readonly DraftRow[]): Promise<Draft[]> => {
    const conflicted = wanted.find(({ state }) => state === 'conflict')
    const head = conflicted && (await readHead(storage, conflicted.did).catch(() => undefined))
    return Promise.all(wanted.map((row) => showDraft(row, rows, head)))
  }

  const newest = async (did: string, path: string): Promise<Draft | undefined> => {
    const rows = await draftsOf(storage, did)
    const row = rows.findLast((it) => it.path === path)
    return row && (await show(rows, [row]))[0]
  }

  const go = (did: string): void => {
    changed(did)
    // Whoever has not signed in (or out) writes all the same; it goes when they have.
    void sessions.of(did).then(
      (session) => session !== undefined && sender.nudge(did),
      () => {},
    )
  }

  const api: Writing = {
    async queue(did) {
      const rows = await draftsOf(storage, did)
      return { drafts: await show(rows, rows), ...sender.state(did) }
    },
    async counts() {
      const out = new Map<string, { did: string; drafts: number; stuck: number }>()
      for (const { did, state } of await allDrafts(storage)) {
        const count = out.get(did) ?? { did, drafts: 0, stuck: 0 }
        count.drafts++
        if (state === 'conflict' || state === 'refused') count.stuck++
        out.set(did, count)
      }
      return [...out.values()]
    },
    draft: newest,
    async save({ did, collection, rkey, value, hold = false, ...more }) {
      const path = `${collection}/${rkey ?? (await newRecordKey(host, did))}`
      const row = await saveDraft(host, { ...more, did, path, value: recordOf(value), hold })
      if (hold) changed(did)
      else go(did)
      return row && newest(did, path)
    },
    async discard(did, id) {
      await discardDraft(host, did, id)
      changed(did)
    },
    async insist(did, id) {
      await insist(host, did, id)
      go(did)
    },
    send: (did) => sender.send(did),
    richText: readText,
    async check(collection, rkey, value) {
      const record = recordOf(value) ?? {}
      const { value: whole, bytes } = encodeRecord(`${collection}/${rkey}`, record, host.sha256)
      const problem = await checkRecord(collection, rkey, whole)
      if (problem === undefined) return { verdict: 'unknown', problem: undefined, bytes }
      return problem === ''
        ? { verdict: 'sound', problem: undefined, bytes }
        : { verdict: 'unsound', problem, bytes }
    },
  }

  return {
    api,
    heard(event) {
      if (event.type === 'repo') soon(event.did)
      if (event.type === 'accounts') nudgeAll().catch(() => {})
    },
    start: () => void nudgeAll().catch(() => {}),
    close() {
      closed = true
      cancel()
      sender.close()
    },
  }
}

const canGo = (state: DraftRow['state']): boolean =>
  state === 'waiting' || state === 'sending' || state === 'sent'

/** What crossed a port as a record. */
function recordOf(value: unknown): RecordValue | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RepoError('repo.json-invalid', { reason: 'not-an-object' })
  }
  // an object with string keys and unknown values is all that this says
  return value as RecordValue
}
