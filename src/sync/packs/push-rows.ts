import { toHex, utf8 } from '../../core/bytes.ts'
import type { Clock } from '../../core/clock.ts'
import type { Sha256 } from '../../core/hash.ts'
import type { PushedCommit } from '../../pack/model.ts'
import type { Storage, WriteOp } from '../../storage/port.ts'
import type { Caller, PushAsk } from './model.ts'
import { isPushErrorCode, type PushErrorCode, rejected, taken } from './push-results.ts'

/** Answers kept for one client, and in all: some hundred bytes each. */
const PER_CLIENT = 200
const IN_ALL = 10_000
/** Hexadecimal digits of a name in a key. */
const NAME = 32

/** What a pushed commit was answered with. Table `pushes`, key: client/commit id, both hashed. */
interface PushRow {
  /** of its operations: another commit under the same name is another commit */
  readonly digest: string
  /** device time, ms */
  readonly at: number
  readonly answer:
    | { readonly status: 'applied'; readonly commitSeq: number }
    | { readonly status: 'rejected'; readonly code: PushErrorCode; readonly opIndex: number }
}

/** Answers that are given again, when the same commit is pushed again. */
export interface PushRows {
  /** The answer of before: `cached` for what was applied, else the rejection as it was. */
  find(ask: PushAsk, caller: Caller): Promise<PushedCommit | undefined>
  /** Keeps an answer; one that may be another the next time is not kept. */
  note(ask: PushAsk, caller: Caller, pushed: PushedCommit): Promise<void>
}

/**
 * A client is who it says, together with the peer that the connection proves: nobody spoils what another's
 * commits are answered with. The oldest answers go first, of one client and in all.
 */
export function createPushRows(storage: Storage, sha256: Sha256, clock: Clock): PushRows {
  const digest = (text: string): string => toHex(sha256(utf8(text)))
  const keyOf = ({ clientId, clientCommitId }: PushAsk, { peer }: Caller): string => {
    const client = digest(`${peer ?? ''}\n${clientId}`).slice(0, NAME)
    return `${client}/${digest(clientCommitId).slice(0, NAME)}`
  }
  const contentOf = ({ operations }: PushAsk): string => digest(JSON.stringify(operations))
  let reading: Promise<Set<string>> | undefined
  /** Keys of the rows there are, the oldest first. */
  const known = async (): Promise<Set<string>> => {
    reading ??= readKeys(storage)
    try {
      return await reading
    } catch (error) {
      // The next answer reads them again.
      reading = undefined
      throw error
    }
  }

  return {
    async find(ask, caller) {
      // Our own row, written by this code.
      const row = (await storage.get('pushes', keyOf(ask, caller))) as PushRow | undefined
      if (row === undefined || row.digest !== contentOf(ask)) return undefined
      const { answer } = row
      return answer.status === 'applied'
        ? taken(ask, 'cached', answer.commitSeq)
        : rejected(ask, answer.code, answer.opIndex)
    },
    async note(ask, caller, pushed) {
      const answer = answerOf(pushed)
      if (answer === undefined) return
      const keys = await known()
      const key = keyOf(ask, caller)
      const client = key.slice(0, NAME)
      keys.delete(key)
      keys.add(key)
      const mine = [...keys].filter((it) => it.startsWith(client))
      const gone = new Set(mine.slice(0, Math.max(0, mine.length - PER_CLIENT)))
      for (const oldest of keys) {
        if (keys.size - gone.size <= IN_ALL) break
        gone.add(oldest)
      }
      for (const it of gone) keys.delete(it)
      const value: PushRow = { digest: contentOf(ask), at: clock.now(), answer }
      await storage.write([
        { type: 'put', table: 'pushes', key, value },
        ...[...gone].map((it): WriteOp => ({ type: 'delete', table: 'pushes', key: it })),
      ])
    },
  }
}

async function readKeys(storage: Storage): Promise<Set<string>> {
  const rows = await storage.list('pushes')
  const at = (value: unknown): number => (value as PushRow).at // our own rows, written by this code
  return new Set(rows.sort((a, b) => at(a.value) - at(b.value)).map(({ key }) => key))
}

/** What is kept of an answer; nothing of one that is retriable. */
function answerOf({ status, commitSeq, results }: PushedCommit): PushRow['answer'] | undefined {
  if (status !== 'rejected') return commitSeq === undefined ? undefined : { status: 'applied', commitSeq }
  const [result] = results
  if (result?.status !== 'error' || result.retriable !== false) return undefined
  const { code, opIndex } = result
  return code !== undefined && isPushErrorCode(code) ? { status: 'rejected', code, opIndex } : undefined
}
