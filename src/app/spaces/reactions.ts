import { useCallback } from 'react'
import type { Cairn } from '../../cairn/api.ts'
import { reactionId } from '../../spaces/content/ids.ts'
import { useAction, type Action } from '../lib/engine-context.ts'
import { useLive } from '../lib/live.ts'
import { useHere } from './here.ts'
import { aboutItems } from './reads.ts'

export interface ReactionState {
  readonly emoji: string
  readonly persons: readonly string[]
}

type Answer = Awaited<ReturnType<Cairn['spaces']['reactions']>>

interface Batch {
  readonly items: Set<string>
  readonly answer: Promise<Answer>
}

/** Rows that come on screen in one go ask in one go. */
const waiting = new WeakMap<Cairn, Map<string, Batch>>()

function readTogether(cairn: Cairn, space: string, item: string): Promise<Answer> {
  const batches = waiting.get(cairn) ?? new Map<string, Batch>()
  waiting.set(cairn, batches)
  const open = batches.get(space)
  if (open !== undefined) {
    open.items.add(item)
    return open.answer
  }
  const items = new Set([item])
  const ask = async () => {
    await Promise.resolve()
    await Promise.resolve()
    batches.delete(space)
    return cairn.spaces.reactions(space, [...items])
  }
  const batch: Batch = { items, answer: ask() }
  batches.set(space, batch)
  return batch.answer
}

/** Emoji that were given to an item, with who gave them. */
export function useReactions(space: string, item: string): readonly ReactionState[] {
  const { value } = useLive(
    `reactions ${space} ${item}`,
    async (cairn) => (await readTogether(cairn, space, item))[item] ?? [],
    aboutItems(space, (each) => each.startsWith('reaction/') || each === item),
  )
  return value ?? []
}

/** Gives an emoji to an item, or takes it back. */
export function useReact(item: string): {
  readonly react: (emoji: string, on: boolean) => void
  readonly action: Action
} {
  const { space, detail } = useHere()
  const action = useAction()
  const { run } = action
  const { person } = detail
  const react = useCallback(
    (emoji: string, on: boolean) => {
      const id = reactionId(person, item, emoji)
      void run((cairn) =>
        cairn.spaces.edit(space, [{ kind: 'reaction', id, set: { target: item, emoji, on } }]),
      )
    },
    [run, space, item, person],
  )
  return { react, action }
}
