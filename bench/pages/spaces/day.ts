import { createPrng } from '../../../src/repo/testing/prng.ts'

/** A day that two people work apart on one note and some tasks: the same for every system. */

/** In block `block`, at `at`: `text` comes in, or so many characters go. */
export interface TextEdit {
  readonly block: number
  readonly at: number
  readonly text: string
  readonly erase: number
}

export interface FieldEdit {
  readonly task: number
  readonly field: 'title' | 'done'
  readonly value: string | boolean
}

/** What becomes durable at once, and when: ms from the beginning. */
export type Step = { readonly at: number } & (
  | { readonly kind: 'text'; readonly edits: readonly TextEdit[] }
  | { readonly kind: 'field'; readonly edit: FieldEdit }
)

export const BLOCKS = 40
export const TASKS = 500
const BLOCK_TEXT = 'The beds by the river want water on Monday, and someone has the key to the shed.'
const LETTERS = 'etaoin shrdlu'
/** As the product flushes: so long after the first key that is not stored, ms. */
const FLUSH_AFTER = 500
const KEY = 200
const LONGEST_PAUSE = 3000
/** A hundredth of keys: slips that are taken back, and jumps elsewhere. */
const SLIPS = 7
const JUMPS = 2

export const baseText = (block: number): string => `${block}. ${BLOCK_TEXT}`
export const taskId = (task: number): string => `task-${task}`
export const taskTitle = (task: number): string => `Task ${task}`

/** What one of them does, apart from the other; keys that come within one flush are one step. */
export function dayOf(side: number, textEdits: number, fieldEdits: number): readonly Step[] {
  const prng = createPrng(100 + side)
  const lengths = Array.from({ length: BLOCKS }, (_, block) => baseText(block).length)
  const steps: Step[] = []
  let pending: TextEdit[] = []
  let [now, first, block, cursor] = [0, 0, 0, 0]
  const flush = (): void => {
    if (pending.length > 0) steps.push({ at: now, kind: 'text', edits: pending })
    pending = []
  }
  const jump = (): void => {
    block = prng.int(BLOCKS)
    cursor = prng.int((lengths[block] ?? 0) + 1)
  }
  jump()
  let fields = 0
  for (let typed = 0; typed < textEdits; typed++) {
    now += KEY + (prng.int(12) === 0 ? prng.int(LONGEST_PAUSE) : 0)
    if (now >= first + FLUSH_AFTER) flush()
    if (pending.length === 0) first = now
    const chance = prng.int(100)
    if (chance < JUMPS) jump()
    if (chance >= 100 - SLIPS && cursor > 0) {
      pending.push({ block, at: --cursor, text: '', erase: 1 })
      lengths[block] = (lengths[block] ?? 0) - 1
    } else {
      const text = LETTERS[prng.int(LETTERS.length)] ?? ' '
      pending.push({ block, at: cursor++, text, erase: 0 })
      lengths[block] = (lengths[block] ?? 0) + 1
    }
    for (; fields < Math.floor(((typed + 1) * fieldEdits) / textEdits); fields++) {
      flush()
      const task = prng.int(TASKS)
      steps.push({
        at: now,
        kind: 'field',
        edit:
          prng.int(2) === 0
            ? { task, field: 'title', value: `Task ${task}, as of ${side}.${fields}` }
            : { task, field: 'done', value: prng.int(2) === 0 },
      })
    }
  }
  flush()
  return steps
}
