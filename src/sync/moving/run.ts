import { CairnError } from '../../core/errors.ts'
import { guardedFetch } from '../../pds/account/guarded-fetch.ts'
import { openSeal, type Seal } from '../../pds/account/seal.ts'
import { networkOf } from '../host.ts'
import { SyncError } from '../errors.ts'
import type { Moving, MovingHost } from './context.ts'
import { MovingError } from './errors.ts'
import {
  type Given,
  moveKey,
  type MoveRow,
  type MoveSecrets,
  type StepFacts,
  type StepName,
  type StepRow,
  STEPS,
  type Wait,
} from './model.ts'
import { createNewHome } from './new-home.ts'
import { movedBy, type MovingNews } from './news.ts'
import { stepOf } from './steps/all.ts'

export interface RunProgress {
  readonly step: StepName
  readonly done: number
  readonly total: number
}

const TODO: StepRow = { state: 'todo', at: undefined, facts: {}, error: undefined }

export const stepRow = (row: MoveRow, name: StepName): StepRow => row.steps[name] ?? TODO

/**
 * Takes the steps of a move that are not done, one after another, until all are, one fails, or something is needed
 * that only the person has. Each is noted when it has ended, so that a stop at any point costs no more than the step
 * that it fell into.
 *
 * @throws MovingError `moving.none`, `moving.busy`; whatever a step failed by is in its row, and not thrown
 */
export async function runMove(
  parts: MovingHost,
  did: string,
  given: Given,
  signal: AbortSignal,
  onProgress: (progress: RunProgress | undefined) => void,
): Promise<void> {
  const { host, store } = parts
  await host.storage.lock(moveKey(did), { mode: 'exclusive', ifAvailable: true }, async (held) => {
    if (!held) throw new MovingError('moving.busy', { did })
    const row = await moveRow(parts, did)
    if (row === undefined) throw new MovingError('moving.none', { did })
    const run = await createRun(parts, row, given, signal, onProgress, await openSeal(store))
    await takeSteps(run, onProgress)
  })
}

/** Only our own rows are under this key. */
export const moveRow = async (
  { store }: Pick<MovingHost, 'store'>,
  did: string,
): Promise<MoveRow | undefined> => (await store.get(moveKey(did))) as MoveRow | undefined

async function takeSteps(
  moving: Moving,
  onProgress: (progress: RunProgress | undefined) => void,
): Promise<void> {
  const { did } = moving
  for (;;) {
    const { kind, steps } = moving.row
    const name = STEPS[kind].find((it) => stepRow(moving.row, it).state !== 'done')
    if (name === undefined) break
    onProgress({ step: name, done: 0, total: 0 })
    try {
      const outcome = await stepOf[name](moving)
      moving.signal.throwIfAborted()
      if ('waits' in outcome) {
        await moving.change({ waits: outcome.waits, steps: { ...steps, [name]: TODO } })
        return
      }
      if ('again' in outcome) {
        const again = Object.fromEntries(outcome.again.map((it) => [it, TODO]))
        await moving.change({ steps: { ...steps, ...again } })
        continue
      }
      const done = doneRow(outcome.facts, moving.host.clock.now())
      await moving.change({ waits: undefined, steps: { ...steps, [name]: done } })
      if (name === 'claim' || name === 'identity')
        await note(moving, 'moving.identity', 'warning', { step: name })
    } catch (error) {
      // a stop is no failure: the step is taken again
      if (moving.signal.aborted) throw new SyncError('sync.cancelled')
      const failed = failedRow(error, moving.host.clock.now())
      await moving.change({ steps: { ...steps, [name]: failed } })
      await note(moving, 'moving.failed', 'bad', {
        ...failed.error?.fields,
        code: failed.error?.code,
        step: name,
      })
      const waits = askAgain(error, name, moving)
      if (waits !== undefined) await moving.change({ waits })
      return
    } finally {
      onProgress(undefined)
    }
  }
  await moving.change({ endedAt: moving.host.clock.now(), waits: undefined, sealed: undefined })
  moving.changed(did)
  await note(moving, 'moving.done', 'good')
}

const note = (
  { did, row, note: write }: Moving,
  kind: MovingNews['kind'],
  level: MovingNews['level'],
  fields: MovingNews['fields'] = {},
): Promise<void> => write(did, { kind, fields: { ...fields, ...movedBy(row) }, level })

/** Drops what was given and is no good, so that it is not tried again, and says what to ask for in its place. */
function askAgain(error: unknown, step: StepName, { given, row }: Moving): Wait | undefined {
  if (!(error instanceof MovingError)) return undefined
  switch (error.code) {
    case 'moving.bad-key':
    case 'moving.wrong-key':
    case 'moving.key-late':
      delete given.key
      // in a move the mailed code is the other way
      return row.kind === 'rescue' ? { for: 'key' } : undefined
    case 'moving.session-lost':
      return { for: 'password' }
    default:
      // among the reasons for which there is no account may be a password that is not the one it has
      if (step !== 'account') return undefined
      delete given.password
      return { for: 'password' }
  }
}

const doneRow = (facts: StepFacts, at: number): StepRow => ({ state: 'done', at, facts, error: undefined })

function failedRow(error: unknown, at: number): StepRow {
  const known = error instanceof CairnError
  const { code, fields } = known ? error : { code: 'app.unexpected', fields: {} }
  return { state: 'failed', at, facts: {}, error: { code, fields } }
}

async function createRun(
  parts: MovingHost,
  begun: MoveRow,
  given: Given,
  signal: AbortSignal,
  onProgress: (progress: RunProgress) => void,
  seal: Seal,
): Promise<Moving> {
  const { host, store } = parts
  const { did } = begun
  const asked = await parts.endpoints()
  const network = networkOf(host, asked)
  let row = begun
  // sealed by this module
  let secrets = ((row.sealed && (await seal.open(moveKey(did), row.sealed))) ?? {}) as MoveSecrets
  const change = async (by: Partial<MoveRow>): Promise<void> => {
    row = { ...row, ...by }
    await store.write([{ key: moveKey(did), value: row }])
    parts.changed(did)
  }
  const keep = async (next: MoveSecrets): Promise<void> => {
    secrets = next
    await change({ sealed: await seal.seal(moveKey(did), next) })
  }
  const home = createNewHome({
    did,
    to: row.to,
    fetch: guardedFetch(async () => network),
    tokens: () => secrets,
    keep: (tokens) => keep({ ...secrets, ...tokens }),
  })
  if (row.waits?.for === 'password' && home.open && given.password !== undefined) {
    await home.signIn(given.password)
    await change({ waits: undefined })
  }
  return {
    ...parts,
    did,
    given,
    signal,
    home,
    asked,
    network,
    get row() {
      return row
    },
    get secrets() {
      return secrets
    },
    change,
    keep,
    progress: (done, total) => {
      const step = STEPS[row.kind].find((it) => stepRow(row, it).state !== 'done')
      if (step !== undefined) onProgress({ step, done, total })
    },
  }
}
