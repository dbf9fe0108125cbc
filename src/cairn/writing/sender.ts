import { CairnError } from '../../core/errors.ts'
import type { Session, Sessions } from '../../pds/account/model.ts'
import { isRetriable, retryAfterOf } from '../../pds/errors.ts'
import { homeOf, requireHome } from '../../pds/home.ts'
import { createIdentityResolver } from '../../pds/identity.ts'
import { getLatestCommit } from '../../pds/repo.ts'
import { SyncError } from '../../sync/errors.ts'
import { networkOf } from '../../sync/host.ts'
import type { DraftRow } from '../../sync/writing/model.ts'
import { sendDrafts } from '../../sync/writing/send.ts'
import type { Settled } from '../../sync/writing/settle.ts'
import type { CairnHost } from '../host.ts'
import { errorOf } from '../job-error.ts'
import type { JobError } from '../model.ts'
import { readSettings } from '../settings.ts'

/** Pauses between tries, ms; the last one stays. */
const PAUSES = [5_000, 20_000, 60_000, 300_000] as const

/** Trouble that goes away without anyone's doing. */
const PASSING: ReadonlySet<string> = new Set(['writing.moving', 'writing.not-listed', 'sync.busy'])

export interface SenderParts {
  readonly host: CairnHost
  readonly sessions: Sessions
  /** Backs the repo up; resolves when that has ended well. */
  readonly backUp: (did: string) => Promise<void>
  readonly onSettled: (did: string, settled: Settled) => Promise<void>
  readonly onRefused: (
    row: DraftRow,
    error: { code: string; fields: Readonly<Record<string, unknown>> },
  ) => Promise<void>
  readonly onChange: (did: string) => void
}

/** How it stands with sending for one account. */
export interface SendState {
  readonly sending: boolean
  readonly trouble: Omit<JobError, 'retriable'> | undefined
  readonly nextTryAt: number | undefined
}

/** Sends drafts when it is told to, and again by itself while a server is out of reach. */
export interface Sender {
  /** Resolves when a run that began after this call has ended. Errors: see `sendDrafts`. */
  send(did: string): Promise<void>
  /** The same, for nobody who waits: what goes wrong shows in `state`. */
  nudge(did: string): void
  state(did: string): SendState
  close(): void
}

export function createSender(parts: SenderParts): Sender {
  const { host, sessions } = parts
  const running = new Map<string, { promise: Promise<void>; again: boolean }>()
  const states = new Map<
    string,
    { trouble: SendState['trouble']; nextTryAt: number | undefined; tries: number }
  >()
  const waiting = new Map<string, () => void>()
  let closed = false

  const run = async (did: string): Promise<void> => {
    const session = await sessions.require(did, 'write')
    const ran = await sendDrafts({
      host,
      session,
      syncBack: () => parts.backUp(did),
      latest: () => latestOf(session),
      didOf,
      onSettled: (settled) => parts.onSettled(did, settled),
      onRefused: parts.onRefused,
      onChange: () => parts.onChange(did),
    })
    // It may be past what was written just now.
    if (!ran) throw new SyncError('sync.busy', { did })
  }

  /** Throws `account.elsewhere` when the account has moved: its old server may take what it is given all the same. */
  const latestOf = async (session: Session): Promise<string> => {
    const { pds, did } = session
    const { endpoints } = await readSettings(host.storage)
    const network = networkOf(host, endpoints)
    requireHome(session, await homeOf(network, endpoints.plc, did))
    return (await getLatestCommit(network, { pds, did })).cid
  }

  /** A name that cannot be looked up must not hold the post back for good: it stays text. */
  const didOf = async (handle: string): Promise<string | undefined> => {
    const { endpoints } = await readSettings(host.storage)
    try {
      const found = await createIdentityResolver({ ...networkOf(host, endpoints), endpoints }).resolve(handle)
      return found.did
    } catch {
      return undefined
    }
  }

  const later = (did: string, error: unknown): void => {
    const { code, fields } = errorOf(error)
    const tries = (states.get(did)?.tries ?? 0) + 1
    // Whether the person must act, or time alone may help.
    const alone = isRetriable(error) || (error instanceof CairnError && PASSING.has(error.code))
    const pause = retryAfterOf(error) ?? PAUSES[Math.min(tries, PAUSES.length) - 1] ?? PAUSES[0]
    const nextTryAt = alone && !closed ? host.clock.now() + pause : undefined
    states.set(did, { trouble: { code, fields }, nextTryAt, tries })
    if (nextTryAt === undefined) return
    waiting.set(
      did,
      host.timers.after(pause, () => {
        waiting.delete(did)
        sender.nudge(did)
      }),
    )
  }

  const drive = async (did: string, entry: { again: boolean }): Promise<void> => {
    waiting.get(did)?.()
    waiting.delete(did)
    try {
      do {
        entry.again = false
        await run(did)
      } while (entry.again && !closed)
      states.delete(did)
    } catch (error) {
      later(did, error)
      throw error
    } finally {
      running.delete(did)
      parts.onChange(did)
    }
  }

  const sender: Sender = {
    async send(did) {
      const known = running.get(did)
      if (known !== undefined) {
        known.again = true
        return known.promise
      }
      if (closed) return
      const entry = { promise: Promise.resolve(), again: false }
      running.set(did, entry)
      entry.promise = drive(did, entry)
      parts.onChange(did)
      return entry.promise
    },
    nudge(did) {
      // `later` has noted why
      sender.send(did).catch(() => {})
    },
    state(did) {
      const state = states.get(did)
      return { sending: running.has(did), trouble: state?.trouble, nextTryAt: state?.nextTryAt }
    },
    close() {
      closed = true
      for (const cancel of waiting.values()) cancel()
      waiting.clear()
    },
  }
  return sender
}
