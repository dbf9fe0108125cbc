import { copyRange } from '../../core/bytes.ts'
import { CairnError } from '../../core/errors.ts'
import type { Net } from '../../net/net.ts'
import type { PushedCommit, Subscription } from '../../pack/model.ts'
import { createDesk } from './desk.ts'
import { type Exchange, openExchange, type OpenPacksOptions } from './exchange.ts'
import type { PullAsk, PushAsk } from './model.ts'
import { readAnswer, throwRefusal } from './read-answer.ts'
import { NOT_FOUND, readRefusal } from './refusal.ts'
import { writeRequest } from './request.ts'

export type { OpenPacksOptions } from './exchange.ts'

export interface PullAnswers {
  readonly answers: ReadonlyMap<string, Subscription>
  /** asked for, and never answered: the other side failed at these */
  readonly unanswered: readonly string[]
}

/**
 * Asks one peer for packs. What is asked for while a request is on its way goes into the next one, whoever asked.
 * What a peer says is only well-formed and an answer to what was asked; whether it is true is for the caller to
 * prove.
 *
 * Errors of all, with `peer`: NetError `net.refused` ({ reason: the peer's code for it, retriable }),
 * PackWireError `sync.upgrade-needed`, `sync.peer-outdated` (the client goes on); NetError `net.timeout`,
 * `net.malformed`, `net.too-large`, `net.reset`, `net.cancelled`, PackError (the client is over, where it is a
 * stream). PackWireError `sync.invalid-request`, `sync.limit-exceeded` for what cannot be asked.
 */
export interface PackClient {
  readonly peer: string
  /**
   * Each repo once. What an answer had no room for is asked for again, unless `once`: then it is left unanswered, so
   * that all together is no more than one answer holds.
   */
  pull(asks: readonly PullAsk[], options?: { readonly once?: boolean }): Promise<PullAnswers>
  /** What became of a pushed commit: a rejection is an answer. */
  push(commit: PushAsk): Promise<PushedCommit>
  /** A chunk's bytes, to be checked against the reference that names it; undefined when the peer has none of that name. */
  chunk(id: string, scopes: Readonly<Record<string, string>>): Promise<Uint8Array<ArrayBuffer> | undefined>
  close(): Promise<void>
}

/**
 * Opens a stream for packs.
 *
 * @param clientId by which this side calls itself; the same for as long as it wants its pushes known again
 */
export async function openPacks(
  net: Net,
  peer: string,
  options: OpenPacksOptions & { readonly clientId: string },
): Promise<PackClient> {
  const { clientId, ...open } = options
  return createPackClient(await openExchange(net, peer, open), clientId)
}

/** The client over any exchange. */
export function createPackClient(exchange: Exchange, clientId: string): PackClient {
  const { peer } = exchange
  const desk = createDesk(clientId, async (as, pull, push) => {
    const request = writeRequest({
      type: 'sync',
      clientId: as,
      pull: pull.length === 0 ? undefined : pull,
      push: push.length === 0 ? undefined : push,
    })
    const answer = await exchange.send(request)
    try {
      return readAnswer(answer, { peer, pull, push })
    } catch (error) {
      if (error instanceof CairnError && !isWord(error)) exchange.fail(error)
      throw error
    }
  })

  return {
    peer,
    async pull(asks, { once } = {}) {
      const all = await Promise.all(asks.map(async (ask) => [ask.id, await desk.pull(ask, once)] as const))
      const answers = new Map<string, Subscription>()
      const unanswered: string[] = []
      for (const [id, answer] of all) {
        if (answer === undefined) unanswered.push(id)
        else answers.set(id, answer)
      }
      return { answers, unanswered }
    },
    push: (commit) => desk.push(commit),
    async chunk(id, scopes) {
      const bytes = await exchange.chunk(id, scopes)
      if (readRefusal(bytes)?.error === NOT_FOUND) return undefined
      throwRefusal(bytes, peer)
      return copyRange(bytes, 0, bytes.length)
    },
    close: () => exchange.close(),
  }
}

/** The other side said no, or of another version: what it says next can be understood. */
const isWord = ({ code }: CairnError): boolean => code === 'net.refused' || code.startsWith('sync.')
