import type { PushedCommit } from '../../pack/model.ts'
import type { Caller, PackSource, PushAsk } from './model.ts'
import { type PushErrorCode, rejected } from './push-results.ts'
import type { PushRows } from './push-rows.ts'
import { type PushedChanges, readPush } from './push.ts'

/** How pushed commits of one kind of repo are judged. */
export interface PushJudge {
  /** what it is refused for before anything of it is looked at; undefined: nothing */
  mayPush(repo: string, caller: Caller): Promise<PushErrorCode | undefined>
  /** Proves the commit and takes it; a rejection may be thrown. */
  take(ask: PushAsk, pushed: PushedChanges, caller: Caller): Promise<PushedCommit>
  /** what an error that `take` threw is called in an answer */
  codeOf(error: unknown): PushErrorCode
}

/**
 * The same source, which answers pushed commits: one that is sent again is answered alike. What failed here is for
 * `onFailure`, never for the caller.
 */
export function answerPushes(
  source: PackSource,
  rows: PushRows,
  judge: PushJudge,
  onFailure: (event: string, error: unknown) => void,
): PackSource {
  const push = async (ask: PushAsk, caller: Caller): Promise<PushedCommit> => {
    const pushed = readPush(ask)
    if (typeof pushed === 'number') return rejected(ask, 'sync.invalid_request', pushed)
    const refusal = await judge.mayPush(pushed.repo, caller)
    if (refusal !== undefined) return rejected(ask, refusal)
    const before = await rows.find(ask, caller)
    if (before !== undefined) return before
    const answer = await judge.take(ask, pushed, caller).catch((error: unknown) => {
      const code = judge.codeOf(error)
      if (code === 'runtime.internal') onFailure('packs.push-failed', error)
      return rejected(ask, code)
    })
    // The head is the truth: without this row it is found again, a little later.
    await rows.note(ask, caller, answer).catch((error: unknown) => onFailure('packs.push-unnoted', error))
    return answer
  }
  return {
    ...source,
    push: (ask, caller) =>
      push(ask, caller).catch((error: unknown) => {
        onFailure('packs.push-failed', error)
        return rejected(ask, 'runtime.internal')
      }),
  }
}
