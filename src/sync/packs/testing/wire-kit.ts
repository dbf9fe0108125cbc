import { utf8 } from '../../../core/bytes.ts'
import { createMemoryNetwork } from '../../../net/testing/memory-net.ts'
import type { Subscription } from '../../../pack/model.ts'
import { createTestTimers } from '../../testing/timers.ts'
import { openPacks, type PackClient } from '../client.ts'
import { createPackHandler, type PackHandler, type PackHandlerOptions } from '../handler.ts'
import { PACKS_PROTOCOL, type PackSource, type PullAsk } from '../model.ts'
import { taken } from '../push-results.ts'
import { servePacks } from '../serve.ts'

/** Digits as letters, since a did:plc has few digits. */
export const didOf = (i: number): string => {
  const digits = Array.from({ length: 24 }, (_, at) => Math.floor(i / 10 ** at) % 10)
  return `did:plc:${digits.map((it) => 'abcdefghij'.charAt(it)).join('')}`
}
/** As who holds nothing. */
export const ask = (id: string): PullAsk => ({ id, held: undefined, cursor: -1 })

/** Answers of a given size, as rows of one record each. */
export function answerOf(id: string, bytes: number): Subscription {
  const row = { record: new Uint8Array(bytes) }
  const scopes = { repo: id }
  return {
    id,
    status: 'active',
    scopes,
    bootstrap: false,
    nextCursor: 5,
    commits: [
      {
        commitSeq: 5,
        createdAt: '2026-01-01T00:00:00.000Z',
        actorId: id,
        changes: [{ table: 'app.test.thing', rowId: 'a', op: 'upsert', row, scopes }],
        schemas: [{ table: 'app.test.thing', columns: [{ name: 'record', type: 'bytes' }] }],
      },
    ],
  }
}

/** A source that answers with so many bytes for each repo, and counts. */
export function sized(
  sizes: ReadonlyMap<string, number | 'fails'>,
): PackSource & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    owns: (id) => sizes.has(id),
    async pull({ id }, { room, alone }) {
      asked.push(id)
      const size = sizes.get(id) ?? 0
      if (size === 'fails') throw new Error('the disk')
      return size > room && !alone ? undefined : answerOf(id, size)
    },
    async push(it) {
      return taken(it, 'applied', 5)
    },
    async chunk(id, { repo }) {
      return repo !== undefined && sizes.has(repo) ? utf8(`SBT1 ${id}`) : undefined
    },
  }
}

/** A client and a server with a memory network between them. */
export interface Line {
  readonly client: PackClient
  /** requests that came, as bytes */
  readonly requests: Uint8Array[]
  readonly failures: unknown[]
}

/** `bend` stands between the stream and the handler. */
export async function withLine(
  options: PackHandlerOptions,
  use: (line: Line) => Promise<void>,
  bend: (handler: PackHandler) => PackHandler = (it) => it,
): Promise<void> {
  const network = createMemoryNetwork()
  const [one, two] = [network.node('one'), network.node('two')]
  const timers = createTestTimers()
  const requests: Uint8Array[] = []
  const failures: unknown[] = []
  const handler = createPackHandler({ onFailure: (_, error) => failures.push(error), ...options })
  const counting = bend({
    ...handler,
    answer(request, caller) {
      requests.push(request)
      return handler.answer(request, caller)
    },
  })
  one.handle(PACKS_PROTOCOL, servePacks({ handler: counting, timers }))
  const client = await openPacks(two, 'one', { timers, clientId: 'two' })
  try {
    await use({ client, requests, failures })
  } finally {
    await client.close()
    one.stop()
    two.stop()
  }
}

/** So many repos. */
export const all = (count: number): string[] => Array.from({ length: count }, (_, i) => didOf(i))
