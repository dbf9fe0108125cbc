import type { Role } from '../members/model.ts'
import type { EpochKeys } from './epoch-keys.ts'
import { PresenceError } from './errors.ts'
import { openWord } from './seal.ts'
import type { Sessions } from './sessions.ts'
import { isSigned, type Word } from './word.ts'

/** Words that wait to be checked, of all peers. */
const MAX_WAITING = 256

export interface HearingOptions {
  readonly space: string
  readonly own: string
  readonly keys: EpochKeys
  readonly sessions: Sessions
  readonly roleOf: (device: string) => Role
  readonly allow: (from: string, chars: number) => boolean
  /** a word that counts */
  readonly onWord: (word: Word) => void
  /** one whose clock and ours are apart: it counts once it has heard us */
  readonly onStale: () => void
  readonly onRefused: (error: unknown, from: string) => void
}

/**
 * Opens and checks what comes, one word after another: a count is looked at only when all before it are done. What is
 * cheap to refuse is refused first.
 */
export function createHearing(options: HearingOptions) {
  const { space, own, keys, sessions, roleOf } = options
  let checking: Promise<void> = Promise.resolve()
  let waiting = 0
  let closed = false

  async function check(payload: unknown): Promise<void> {
    const word = await openWord(payload, space, (name) => keys.find(name))
    const { device, body } = word
    // An echo, or a clone of this profile: neither says anything about others.
    if (device === own) return
    const role = roleOf(device)
    if (role === 'none') throw new PresenceError('presence.no-role', { device })
    if (!(await isSigned(word))) throw new PresenceError('presence.bad-signature', { device })
    sessions.accept(word)
    if (body.kind === 'text' && role === 'reader') throw new PresenceError('presence.read-only', { device })
    // While it was checked the listener may have ended.
    if (!closed) options.onWord(word)
  }

  async function checkOne(payload: unknown, from: string): Promise<void> {
    try {
      await check(payload)
    } catch (error) {
      options.onRefused(error, from)
      if (error instanceof PresenceError && error.code === 'presence.stale') options.onStale()
    } finally {
      waiting -= 1
    }
  }

  return {
    /** Never rejects. */
    async hear(payload: unknown, from: string): Promise<void> {
      const chars = typeof payload === 'string' ? payload.length : 0
      if (waiting >= MAX_WAITING || !options.allow(from, chars)) {
        options.onRefused(new PresenceError('presence.flood', { from }), from)
        return
      }
      waiting += 1
      checking = checking.then(() => checkOne(payload, from))
      await checking
    },
    close(): void {
      closed = true
    },
  }
}
