import { hasCode } from '../../core/errors.ts'
import { NetError } from '../../net/errors.ts'
import type { Net } from '../../net/net.ts'
import type { Host } from '../host.ts'
import type { Candidate } from '../peers/choose.ts'
import { compareHeads, type Expected } from './client.ts'
import type { HeadWord } from './digest.ts'
import { headOfRow, type Known } from './known.ts'

/** Asks a peer for the heads of many repos at once. */
export interface HeadComparison {
  /**
   * The peer's heads of these repos; undefined when it does not speak the protocol, or will not answer so.
   *
   * @throws NetError as `compareHeads`; `net.refused` with `too-many` only
   */
  heads(
    candidate: Candidate,
    known: ReadonlyMap<string, Known>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, HeadWord | undefined> | undefined>
}

export interface HeadComparisonOptions {
  readonly host: Pick<Host, 'sha256' | 'timers'>
  readonly net: Net
  /**
   * Whether a peer may learn that our own head is this one: what is asked with tells whoever guesses. Anyone may
   * when absent.
   */
  readonly mayTell?: (peer: string, did: string) => boolean | Promise<boolean>
}

/**
 * A peer is thought to hold what it said last. Of one that never spoke of a repo it is our own head, as far as that
 * may be told: whoever follows the same repos is mostly in step.
 */
export function createHeadComparison({ host, net, mayTell }: HeadComparisonOptions): HeadComparison {
  const { timers, sha256 } = host
  const expectedOf = async (
    peer: string,
    did: string,
    { own, row }: Known,
  ): Promise<HeadWord | undefined> => {
    const said = row === undefined ? undefined : headOfRow(row)
    if (said !== undefined || own === undefined) return said
    return mayTell === undefined || (await mayTell(peer, did)) ? own : undefined
  }
  return {
    async heads({ peer, addresses }, known, signal) {
      const expected: Expected = new Map(
        await Promise.all(
          [...known].map(async ([did, it]) => [did, await expectedOf(peer, did, it)] as const),
        ),
      )
      try {
        return await compareHeads(net, peer, expected, { timers, sha256, addresses, signal })
      } catch (error) {
        if (hasCode(error, 'net.unsupported')) return undefined
        // It does not do this, or not like this; the plain way is still open. One that is busy is busy by any way.
        if (
          error instanceof NetError &&
          error.code === 'net.refused' &&
          error.fields['reason'] !== 'too-many'
        )
          return undefined
        throw error
      }
    },
  }
}
