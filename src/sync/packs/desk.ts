import type { PushedCommit, Subscription } from '../../pack/model.ts'
import { MAX_REQUEST_BYTES, MAX_SUBSCRIPTIONS, type PullAsk, type PushAsk } from './model.ts'
import type { Answers } from './read-answer.ts'
import { readRequest, writeRequest } from './request.ts'
import { MAX_COMMITS } from './request-shape.ts'

/** What a request has beside its parts, bytes. */
const FRAME_BYTES = 2048

/** Where all who ask the same peer hand in what they ask for. */
export interface Desk {
  /**
   * The answer for one repo; undefined when it found no room in an answer that had room for nothing else either,
   * or, asked `once`, when it found none in the first.
   *
   * @throws PackWireError for what is no ask; what `send` throws
   */
  pull(ask: PullAsk, once?: boolean): Promise<Subscription | undefined>
  push(ask: PushAsk): Promise<PushedCommit>
}

interface Place<A, R> {
  readonly ask: A
  readonly text: string
  readonly bytes: number
  readonly resolve: (answer: R) => void
  readonly reject: (error: unknown) => void
}

interface PullPlace extends Place<PullAsk, Subscription | undefined> {
  readonly once: boolean
}

/**
 * Asks made while a request is on its way go together in the next one: one round trip for many repos, and for
 * many callers. The same ask of two is asked once. One that an answer had no room for is asked again, as long as
 * each answer has something.
 */
export function createDesk(
  clientId: string,
  send: (clientId: string, pull: readonly PullAsk[], push: readonly PushAsk[]) => Promise<Answers>,
): Desk {
  let pulls: PullPlace[] = []
  let pushes: Place<PushAsk, PushedCommit>[] = []
  let working = false

  const round = async (): Promise<void> => {
    let room = MAX_REQUEST_BYTES - FRAME_BYTES
    const [first] = pushes
    const sentAs = first?.ask.clientId ?? clientId
    const push = takeSome(pushes, MAX_COMMITS, (it, names) => {
      if (it.ask.clientId !== sentAs || it.bytes > room || names.has(it.ask.clientCommitId)) return undefined
      room -= it.bytes
      return it.ask.clientCommitId
    })
    pushes = push.left
    const texts = new Map<string, string>()
    const pull = takeSome(pulls, Number.POSITIVE_INFINITY, (it) => {
      const { id } = it.ask
      const text = texts.get(id)
      // The same again: one answer serves both.
      if (text !== undefined) return text === it.text ? id : undefined
      if (texts.size === MAX_SUBSCRIPTIONS || it.bytes > room) return undefined
      room -= it.bytes
      texts.set(id, it.text)
      return id
    })
    pulls = pull.left
    try {
      const asks = [...new Map(pull.taken.map((it) => [it.ask.id, it.ask])).values()]
      const { pulled, pushed } = await send(
        sentAs,
        asks,
        push.taken.map((it) => it.ask),
      )
      // What was left out is asked for first, so that it is the first of an answer some time.
      const left = pull.taken.filter((it) => !pulled.has(it.ask.id))
      const again = pulled.size > 0 ? left.filter((it) => !it.once) : []
      pulls = [...again, ...pulls]
      for (const it of left) if (!again.includes(it)) it.resolve(undefined)
      for (const it of pull.taken) {
        const answer = pulled.get(it.ask.id)
        if (answer !== undefined) it.resolve(answer)
      }
      for (const it of push.taken) {
        const answer = pushed.get(it.ask.clientCommitId)
        if (answer === undefined) it.reject(new RangeError('a push without an answer'))
        else it.resolve(answer)
      }
    } catch (error) {
      for (const it of [...pull.taken, ...push.taken]) it.reject(error)
    }
  }

  const work = async (): Promise<void> => {
    if (working) return
    working = true
    // Whoever asks in the same turn of the loop is in the first request.
    await Promise.resolve()
    while (pulls.length > 0 || pushes.length > 0) await round()
    working = false
  }

  return {
    async pull(ask, once = false) {
      const bytes = checked({ pull: [ask], push: undefined })
      const { promise, resolve, reject } = Promise.withResolvers<Subscription | undefined>()
      pulls.push({ ask, text: JSON.stringify(ask), bytes, once, resolve, reject })
      // It rejects with nothing: each place hears of its own.
      void work()
      return promise
    },
    async push(ask) {
      const bytes = checked({ pull: undefined, push: [ask] }, ask.clientId)
      const { promise, resolve, reject } = Promise.withResolvers<PushedCommit>()
      pushes.push({ ask, text: '', bytes, resolve, reject })
      void work()
      return promise
    },
  }

  /** One that is not well-formed would spoil the request for all that go with it. */
  function checked(
    part: { readonly pull: readonly PullAsk[] | undefined; readonly push: readonly PushAsk[] | undefined },
    as: string = clientId,
  ): number {
    const bytes = writeRequest({ type: 'sync', clientId: as, ...part })
    readRequest(bytes)
    return bytes.length
  }
}

/** The first so many that `name` gives a name, in their order; the rest stays. */
function takeSome<T>(
  all: readonly T[],
  most: number,
  name: (it: T, names: ReadonlySet<string>) => string | undefined,
): { readonly taken: T[]; readonly left: T[] } {
  const taken: T[] = []
  const left: T[] = []
  const names = new Set<string>()
  for (const it of all) {
    const called = taken.length < most ? name(it, names) : undefined
    if (called === undefined) {
      left.push(it)
    } else {
      names.add(called)
      taken.push(it)
    }
  }
  return { taken, left }
}
