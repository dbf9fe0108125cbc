import { hasCode } from '../../core/errors.ts'
import type { Clock } from '../../core/clock.ts'
import type { Timers } from '../../core/timers.ts'
import type { KnownHead } from '../../storage/head.ts'
import type { Guard, Storage, WriteOp } from '../../storage/port.ts'
import { isStill } from '../digests/known.ts'
import { type CopyRow, copyKey } from './copy-rows.ts'
import type { Candidate } from './model.ts'

/** All who follow a repo say within about this of each other that they have its new head, ms. */
const TOGETHER = 300

/** Words of peers that they too have the head that is here: noted together. */
export interface Confirmations {
  /** A head is here. */
  moved(now: KnownHead): void
  /** True when the word says no more than that, and will be noted. */
  take(candidate: Candidate, did: string, rev: string): boolean
  /** Notes what waits, and resolves when nothing does. */
  flush(): Promise<void>
  /** Drops what waits: each peer says it again when it is met. */
  close(): Promise<void>
}

interface Word {
  readonly candidate: Candidate
  readonly did: string
  readonly rev: string
  readonly commit: string
}

/** @param word weighs a word by itself: of a peer that has not said before what it holds, or that is in trouble */
export function createConfirmations(parts: {
  readonly storage: Storage
  readonly clock: Clock
  readonly timers: Timers
  readonly word: (candidate: Candidate, did: string, rev: string) => Promise<void>
  readonly onCopies: (did: string) => void
}): Confirmations {
  const { storage, clock, timers, word, onCopies } = parts
  const heads = new Map<string, { readonly rev: string; readonly commit: string }>()
  let waiting = new Map<string, Word>()
  let turn: Promise<void> = Promise.resolve()
  let cancel: (() => void) | undefined

  const note = async (words: ReadonlyMap<string, Word>): Promise<void> => {
    // Our own rows, written by this code.
    const rows = (await storage.getMany('copies', [...words.keys()])) as (CopyRow | undefined)[]
    const ops: WriteOp[] = []
    const guards: Guard[] = []
    const apart: Word[] = []
    const together: Word[] = []
    for (const [i, [key, one]] of [...words].entries()) {
      const row = rows[i]
      if (row?.rev === undefined || row.partial || row.failures > 0) apart.push(one)
      else if (row.rev < one.rev) {
        const { rev, commit } = one
        const now = clock.now()
        ops.push({
          type: 'put',
          table: 'copies',
          key,
          value: { ...row, rev, commit, answeredAt: now, saidAt: now },
        })
        guards.push({ table: 'copies', key, holds: (value) => isStill(value, row) })
        together.push(one)
      }
    }
    try {
      if (ops.length > 0) await storage.write(ops, { durability: 'relaxed', guards })
      for (const did of new Set(together.map((it) => it.did))) onCopies(did)
    } catch (error) {
      if (!hasCode(error, 'storage.conflict')) throw error
      apart.push(...together)
    }
    for (const { candidate, did, rev } of apart) await word(candidate, did, rev).catch(() => {})
  }

  const send = (): void => {
    cancel?.()
    cancel = undefined
    const words = waiting
    waiting = new Map()
    // What fails is a storage that is gone: whoever uses it next is told so.
    if (words.size > 0) turn = turn.then(() => note(words)).catch(() => {})
  }

  return {
    moved({ head }) {
      if (head.rev !== undefined) heads.set(head.did, { rev: head.rev, commit: head.commitCid })
    },
    take(candidate, did, rev) {
      const here = heads.get(did)
      if (here?.rev !== rev) return false
      waiting.set(copyKey(did, candidate.peer), { candidate, did, ...here })
      cancel ??= timers.after(TOGETHER, send)
      return true
    },
    async flush() {
      while (waiting.size > 0) {
        send()
        await turn
      }
      await turn
    },
    async close() {
      cancel?.()
      waiting.clear()
      await turn
    },
  }
}
