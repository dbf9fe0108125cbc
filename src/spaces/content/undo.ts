import { itemOf } from './ids.ts'
import type { Content, Edit, FieldValue, FieldVersion, Kind } from './model.ts'
import { sameValue } from './values.ts'

/** Steps that can be taken back. */
const MAX_STEPS = 100

/** A field that others have changed since, and that is left as it is. */
export interface LeftAlone {
  /** `{kind}/{id}` */
  readonly item: string
  readonly field: string
  /** person who changed it */
  readonly by: string
}

/** What taking back one step comes to. */
export interface UndoStep {
  /** may be none: all of it was changed by others since */
  readonly edits: readonly Edit[]
  readonly left: readonly LeftAlone[]
  /** To be called once the edits count: the step moves to the other stack. */
  done(): void
}

/** Takes back, and makes again, what was edited on this device since it began. Nothing of it is stored. */
export interface Undo {
  /**
   * Call it before edits are made, and what it gives once they count. Not for the edits of `undo` and `redo`
   * themselves. Read marks are no step.
   */
  begin(edits: readonly Edit[]): () => void
  /** The last step that can be taken back; undefined when there is none. */
  undo(): UndoStep | undefined
  redo(): UndoStep | undefined
}

/** What a step did to one entity. */
interface Change {
  readonly kind: Kind
  readonly id: string
  /** the step made it, or took it away again */
  readonly isWhole: boolean
  readonly fields: readonly {
    readonly name: string
    readonly before: FieldValue | undefined
    readonly after: FieldValue | undefined
  }[]
}
type Step = readonly Change[]

/** `device` is the one whose edits are told to `begin`. */
export function createUndo(content: Content, device: string): Undo {
  const past: Step[] = []
  const future: Step[] = []

  function begin(edits: readonly Edit[]): () => void {
    const before = touched(edits).map(({ kind, id, names }) => {
      const present = presentOf(content, kind, id)
      return {
        kind,
        id,
        isNew: present.size === 0,
        values: names.map((name) => [name, valueOf(present, name)] as const),
      }
    })
    return () => {
      const step = before.flatMap(({ kind, id, isNew, values }): Change[] => {
        const present = presentOf(content, kind, id)
        const fields = values
          .map(([name, value]) => ({ name, before: value, after: valueOf(present, name) }))
          .filter((it) => !sameValue(it.before, it.after))
        return fields.length === 0 ? [] : [{ kind, id, isWhole: isNew, fields }]
      })
      if (step.length === 0) return
      push(past, step)
      future.length = 0
    }
  }

  function take(from: Step[], to: Step[]): UndoStep | undefined {
    const step = from.at(-1)
    if (step === undefined) return undefined
    const plans = step.map((change) => planOf(content, device, change))
    const edits = plans.flatMap(({ edit }) => edit ?? [])
    return {
      edits,
      left: plans.flatMap(({ left }) => left),
      done() {
        if (from.at(-1) !== step) return
        from.pop()
        const back = plans.flatMap((plan) => plan.back ?? [])
        if (back.length > 0) push(to, back)
      },
    }
  }

  return { begin, undo: () => take(past, future), redo: () => take(future, past) }
}

function push(stack: Step[], step: Step): void {
  stack.push(step)
  if (stack.length > MAX_STEPS) stack.shift()
}

interface Plan {
  readonly edit: Edit | undefined
  readonly left: readonly LeftAlone[]
  /** what takes the plan back */
  readonly back: Change | undefined
}

function planOf(content: Content, device: string, change: Change): Plan {
  const { kind, id } = change
  return change.isWhole
    ? removal(content, device, change)
    : reversal(presentOf(content, kind, id), device, change)
}

/** What was made is deleted again, unless anyone else has had a hand in it. */
function removal(content: Content, device: string, { kind, id }: Change): Plan {
  const item = itemOf(kind, id)
  const others = content.history(kind, id).filter((it) => it.device !== device)
  const left = new Map(others.map(({ field, by }) => [field, { item, field, by }]))
  if (left.size > 0) return { edit: undefined, left: [...left.values()], back: undefined }
  return {
    edit: { kind, id, set: { deleted: true } },
    left: [],
    back: { kind, id, isWhole: false, fields: [{ name: 'deleted', before: false, after: true }] },
  }
}

/** The fields that are still as the step left them get back what they had. */
function reversal(present: Present, device: string, { kind, id, fields }: Change): Plan {
  const set: Record<string, FieldValue> = {}
  const unset: string[] = []
  const left: LeftAlone[] = []
  const back: Change['fields'][number][] = []
  for (const { name, before, after } of fields) {
    const now = present.get(name)
    if (now?.device !== device || !sameValue(valueOf(present, name), after)) {
      left.push({ item: itemOf(kind, id), field: name, by: now?.by ?? '' })
      continue
    }
    if (before === undefined) unset.push(name)
    else set[name] = before
    back.push({ name, before: after, after: before })
  }
  if (back.length === 0) return { edit: undefined, left, back: undefined }
  return {
    edit: { kind, id, set, ...(unset.length === 0 ? {} : { unset }) },
    left,
    back: { kind, id, isWhole: false, fields: back },
  }
}

type Present = ReadonlyMap<string, FieldVersion>

/** The versions that the fields have now. */
function presentOf(content: Content, kind: Kind, id: string): Present {
  const present = new Map<string, FieldVersion>()
  // The newest is first, and it is the one that counts.
  for (const version of content.history(kind, id))
    if (!present.has(version.field)) present.set(version.field, version)
  return present
}

function valueOf(present: Present, name: string): FieldValue | undefined {
  const value = present.get(name)?.value
  return name === 'deleted' ? (value ?? false) : value
}

/** What edits speak of, each entity once. */
function touched(edits: readonly Edit[]): readonly { kind: Kind; id: string; names: readonly string[] }[] {
  const items = new Map<string, { kind: Kind; id: string; names: Set<string> }>()
  for (const { kind, id, set, unset = [] } of edits) {
    if (kind === 'read') continue
    const item = items.get(itemOf(kind, id)) ?? { kind, id, names: new Set() }
    for (const name of [...Object.keys(set), ...unset]) item.names.add(name)
    items.set(itemOf(kind, id), item)
  }
  return [...items.values()].map((it) => ({ ...it, names: [...it.names] }))
}
