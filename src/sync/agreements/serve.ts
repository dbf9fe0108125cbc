import type { Clock } from '../../core/clock.ts'
import { NetError } from '../../net/errors.ts'
import { createMessageReader, writeMessage } from '../../net/messages.ts'
import type { ByteStream, Net } from '../../net/net.ts'
import type { Timers } from '../../core/timers.ts'
import type { Storage } from '../../storage/port.ts'
import { LIMITS, type OnChange } from './model.ts'
import type { Purge } from './purge.ts'
import { alone, mayAdd, putRow, rowsOf } from './rows.ts'
import { stateOf, takeAccept, takeEnd, takeOffer, viewOf } from './state.ts'
import { AGREEMENTS_PROTOCOL, type Answer, type Message, messageShape } from './wire.ts'

export interface ServeOptions {
  readonly storage: Storage
  readonly net: Net
  readonly clock: Clock
  readonly timers: Timers
  readonly onChange: OnChange
  readonly purge: Purge
}

/**
 * Answers what peers say about agreements, until the returned function is called. What a peer sends touches
 * rows of that peer alone. Anything that is no message ends its stream with `net.malformed`, `net.too-large`,
 * `net.limit` or `net.timeout`.
 */
export function serveAgreements({ storage, net, clock, timers, onChange, purge }: ServeOptions): () => void {
  const streams = new Map<string, number>()

  const take = async (peer: string, message: Message): Promise<Answer> => {
    const { row, answer } = await alone(storage, async () => {
      const rows = await rowsOf(storage, peer)
      const outcome = await decide(peer, rows, message)
      const { row } = outcome
      if (row !== undefined) {
        await putRow(storage, rows, row)
        const before = rows.find(({ id }) => id === row.id)
        if (row.gone === undefined) onChange(viewOf(row), before && stateOf(before))
      }
      return outcome
    })
    if (message.type !== 'end' || !message.purge || row === undefined) return answer
    const now = await purge(row.id)
    const purged = now?.purgeHere
    return purged === 'purged' || purged === 'kept' ? { ...answer, purged } : answer
  }

  const decide = async (peer: string, rows: Awaited<ReturnType<typeof rowsOf>>, message: Message) => {
    if (message.type === 'accept') return takeAccept(rows, message)
    const now = clock.now()
    if (message.type === 'end')
      return takeEnd(rows, message, { peer, now, mayAdd: await mayAdd(storage, rows, 'ended') })
    return takeOffer(rows, message, { peer, now, mayAdd: await mayAdd(storage, rows, 'incoming') })
  }

  const serve = async (stream: ByteStream): Promise<void> => {
    const { peer } = stream
    const reader = createMessageReader(stream, messageShape, LIMITS.message)
    for (let n = 0; ; n++) {
      const cancel = timers.after(LIMITS.patience, () => {
        stream.abort(new NetError('net.timeout', { peer, ms: LIMITS.patience }))
      })
      const message = await reader.read().finally(cancel)
      if (message === undefined) return
      if (n >= LIMITS.messages) throw new NetError('net.limit', { what: 'messages', limit: LIMITS.messages })
      await writeMessage(stream, await take(peer, message))
    }
  }

  return net.handle(AGREEMENTS_PROTOCOL, async (stream) => {
    const { peer } = stream
    const open = streams.get(peer) ?? 0
    if (open >= LIMITS.streams) throw new NetError('net.limit', { what: 'streams', limit: LIMITS.streams })
    streams.set(peer, open + 1)
    try {
      await serve(stream)
    } finally {
      const left = (streams.get(peer) ?? 1) - 1
      if (left > 0) streams.set(peer, left)
      else streams.delete(peer)
    }
  })
}
