import { CairnError } from '../../core/errors.ts'
import type { Clock } from '../../core/clock.ts'
import { NetError } from '../../net/errors.ts'
import { createMessageReader, type MessageReader, writeMessage } from '../../net/messages.ts'
import type { ByteStream, Net } from '../../net/net.ts'
import type { Timers } from '../../core/timers.ts'
import type { Storage } from '../../storage/port.ts'
import { type AgreementRow, LIMITS, type OnChange } from './model.ts'
import type { Purge } from './purge.ts'
import { alone, putRow, rowsOf } from './rows.ts'
import { afterAnswer, stateOf, viewOf } from './state.ts'
import { AGREEMENTS_PROTOCOL, type Answer, answerShape, messageOf } from './wire.ts'

export interface Delivered {
  /** messages that were answered */
  readonly answered: number
  /** agreements with this peer of which something still waits */
  readonly waiting: number
  /** why: `net.*`, or what kept a copy from being deleted */
  readonly error: CairnError | undefined
}

export interface DeliveryOptions {
  readonly storage: Storage
  readonly net: Net
  readonly clock: Clock
  readonly timers: Timers
  readonly onChange: OnChange
  readonly purge: Purge
}

/** What waits for a peer is told to it, one row after another, each as it is when its turn comes. */
export function createDelivery({ storage, net, clock, timers, onChange, purge }: DeliveryOptions): {
  deliver(peer: string): Promise<Delivered>
} {
  /** the last delivery to each peer; the next one begins after it */
  const last = new Map<string, Promise<Delivered>>()

  /** The row has been answered; it may have changed since it was sent. */
  const settle = (sent: AgreementRow, answer: Answer): Promise<void> =>
    alone(storage, async () => {
      const rows = await rowsOf(storage, sent.peer)
      const row = rows.find(({ id }) => id === sent.id)
      if (row === undefined || sent.due === undefined) return
      const changed = afterAnswer(row, sent.due, answer, clock.now())
      await putRow(storage, rows, changed)
      onChange(viewOf(changed), stateOf(row))
    })

  const run = async (peer: string): Promise<Delivered> => {
    let answered = 0
    let error: CairnError | undefined
    for (const { id, purgeHere } of await rowsOf(storage, peer)) {
      if (purgeHere !== 'due') continue
      await purge(id).catch((it: unknown) => {
        // It is tried again with the next delivery; what is to be told goes out all the same.
        if (!(it instanceof CairnError)) throw it
        error = it
      })
    }
    /** wishes that were told on this stream: one that is refused waits for the next */
    const told = new Set<string>()
    const next = async (): Promise<AgreementRow | undefined> =>
      (await rowsOf(storage, peer)).find(({ id, due }) => due !== undefined && !told.has(`${id} ${due.n}`))
    let row = await next()
    if (row !== undefined) {
      const link = await connect(net, timers, peer).catch((it: unknown) => asNetError(it, peer))
      if (link instanceof CairnError) error = link
      else {
        let broken: CairnError | undefined
        for (; row !== undefined && told.size < LIMITS.messages; row = await next()) {
          told.add(`${row.id} ${row.due?.n}`)
          const answer = await link.ask(messageOf(row)).catch((it: unknown) => asNetError(it, peer))
          if (answer instanceof CairnError) {
            broken = answer
            break
          }
          await settle(row, answer)
          answered++
        }
        await link.end(broken)
        error = broken ?? error
      }
    }
    const waiting = (await rowsOf(storage, peer)).filter((it) => viewOf(it).waiting).length
    return { answered, waiting, error }
  }

  return {
    deliver(peer) {
      const before = last.get(peer)
      const now = (before ?? Promise.resolve()).then(
        () => run(peer),
        () => run(peer),
      )
      last.set(peer, now)
      const forget = (): void => {
        if (last.get(peer) === now) last.delete(peer)
      }
      now.then(forget, forget)
      return now
    },
  }
}

interface Asking {
  /** @throws NetError */
  ask(message: unknown): Promise<Answer>
  end(error: CairnError | undefined): Promise<void>
}

async function connect(net: Net, timers: Timers, peer: string): Promise<Asking> {
  const dialing = new AbortController()
  const stop = timers.after(LIMITS.patience, () => dialing.abort())
  let stream: ByteStream
  try {
    stream = await net.open(peer, AGREEMENTS_PROTOCOL, { signal: dialing.signal })
  } finally {
    stop()
  }
  const reader: MessageReader<Answer> = createMessageReader(stream, answerShape, LIMITS.message)
  return {
    async ask(message) {
      const cancel = timers.after(LIMITS.patience, () => {
        stream.abort(new NetError('net.timeout', { peer, ms: LIMITS.patience }))
      })
      try {
        await writeMessage(stream, message)
        const answer = await reader.expect()
        if (answer.status === 'active' && answer.offer === undefined)
          throw new NetError('net.malformed', { peer, reason: 'shape' })
        return answer
      } finally {
        cancel()
      }
    },
    async end(error) {
      if (error !== undefined) stream.abort(error)
      // Everything was answered: a stream that breaks now has lost nothing.
      else await stream.closeWrite().catch(() => {})
    },
  }
}

const asNetError = (error: unknown, peer: string): CairnError =>
  error instanceof CairnError ? error : new NetError('net.reset', { peer }, { cause: error })
