import { hasCode } from '../../core/errors.ts'
import type { Sha256 } from '../../core/hash.ts'
import type { FirehoseEvent } from '../../pds/firehose/frame.ts'
import { createChains } from './chains.ts'
import { readToldCommit, type ToldCommit } from './told-commit.ts'

/** How a repo is brought up to date. */
export interface Bring {
  /** Whatever there is: `backUp`, or what wraps it. */
  readonly pull: (did: string) => Promise<void>
  /** Asks first whether there is anything, where that is cheaper; `pull` unless told. */
  readonly look?: (did: string) => Promise<void>
  /**
   * Takes in commits that events held whole, oldest first. What it throws has the repo pulled instead, but for
   * `sync.busy`, which has it tried again.
   */
  readonly apply?: (did: string, chain: readonly ToldCommit[]) => Promise<void>
  /** who the account is, or where it lives, may have changed */
  readonly onIdentity?: (did: string) => void
}

export interface Bringer {
  /** Takes what an event says of its repo; `bring` is to follow. */
  hear(event: Exclude<FirehoseEvent, { kind: 'info' | 'other' | 'error' }>): Promise<void>
  /** It may have changed: nobody has said so. */
  ask(did: string): void
  bring(did: string): Promise<void>
  forget(did: string): void
}

/** What is known of a repo that is to be brought up to date; the higher counts. */
const TOLD = 0
const ASK = 1
/** its server says that the account's state changed */
const LOOK = 2
/** who it is, or all of it, changed */
const PULL = 3

/** Brings repos up to date in the cheapest way that what is known of them allows. */
export function createBringer(
  options: Bring,
  sha256: Sha256,
  log: (event: string, fields: Readonly<Record<string, unknown>>) => void,
): Bringer {
  const chains = createChains()
  const wants = new Map<string, number>()
  const want = (did: string, what: number): void =>
    void wants.set(did, Math.max(what, wants.get(did) ?? TOLD))

  const followed = async (did: string, chain: readonly ToldCommit[]): Promise<boolean> => {
    if (options.apply === undefined || chain.length === 0) return false
    try {
      await options.apply(did, chain)
      return true
    } catch (error) {
      if (hasCode(error, 'sync.busy')) throw error
      log('follow.not-applied', { did, error: error instanceof Error ? error.message : String(error) })
      return false
    }
  }

  return {
    async hear(event) {
      const { did, kind } = event
      if (kind === 'account') return want(did, LOOK)
      if (kind === 'identity') {
        options.onIdentity?.(did)
        return want(did, PULL)
      }
      if (kind === 'sync') {
        // The server sets its stream right: what was told before leads nowhere.
        chains.spoil(did)
        return want(did, PULL)
      }
      if (options.apply === undefined) return
      try {
        chains.add(await readToldCommit(event, sha256))
      } catch (error) {
        chains.spoil(did)
        log('follow.unproven', { did, error: error instanceof Error ? error.message : String(error) })
      }
    },
    ask: (did) => want(did, ASK),
    async bring(did) {
      const what = wants.get(did) ?? TOLD
      wants.delete(did)
      const chain = chains.take(did)
      try {
        // What was missed before shows: the chain does not start at the kept head.
        if (what <= ASK && (await followed(did, chain))) return
        const look = what === TOLD || what === PULL ? undefined : options.look
        await (look ?? options.pull)(did)
      } catch (error) {
        want(did, what)
        throw error
      }
    },
    forget(did) {
      chains.spoil(did)
      wants.delete(did)
    },
  }
}
