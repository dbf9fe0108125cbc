import { toHex } from '../../core/bytes.ts'
import { type Among, judgeTerms } from './authority.ts'
import { type Bits, hasBit } from './bits.ts'
import { barriers } from './barriers.ts'
import type { Graph } from './graph.ts'
import { type Role, ROLES } from './model.ts'
import type { Rules, Sight, Universe } from './rules.ts'
import { seenBy } from './verdict.ts'

/** What was so at earlier heads, by these and their ancestors alone: as who named them saw it. */
export interface History {
  /** Devices with a role at these heads; undefined when one of them is not here. */
  readonly accessAt: (heads: readonly string[]) => ReadonlySet<string> | undefined
  /** The role of a device at these heads; `none` when one of them is not here. */
  readonly roleAt: (device: string, heads: readonly string[]) => Role
  /** Whether an operation is one of these heads or an ancestor of one. Heads that are not here are passed over. */
  readonly isAt: (heads: readonly string[], cid: string) => boolean
  /** CIDs of operations after which somebody who may hold a key must not read on, ascending */
  readonly barriers: () => readonly string[]
  /** Whether a device came by a join that counts and was given the key of this epoch (its name, hexadecimal). */
  readonly cameWith: (device: string, epoch: string) => boolean
}

/** What this asks of a set. */
interface SetView {
  readonly rulesFor: (among: Among, nothing: ReadonlySet<number>) => Rules
  readonly now: () => { readonly rules: Rules; readonly whole: Universe }
}

interface Place {
  readonly seen: Bits
  readonly rules: Rules
  readonly sight: Sight
  access: ReadonlySet<string> | undefined
}

/** Heads that are kept worked out: as many as there are epochs in use, and more. */
const MAX_PLACES = 256

export function createHistory(graph: Graph, { rulesFor, now }: SetView): History {
  const places = new Map<string, Place>()
  let found: { readonly size: number; readonly barriers: readonly string[] } | undefined

  /** What lies before heads never changes. */
  function placeOf(heads: readonly string[]): Place | undefined {
    const key = heads.join(' ')
    const held = places.get(key)
    if (held !== undefined) return held
    if (heads.some((it) => graph.get(it) === undefined)) return undefined
    const seen = seenBy(graph, heads)
    const among = (at: number): boolean => hasBit(seen, at)
    const rules = rulesFor(among, judgeTerms(graph, among).nothing)
    const place = { seen, rules, sight: rules.sightOf(among), access: undefined }
    const [oldest] = places.keys()
    if (places.size >= MAX_PLACES && oldest !== undefined) places.delete(oldest)
    places.set(key, place)
    return place
  }

  return {
    accessAt(heads) {
      const place = placeOf(heads)
      if (place === undefined) return undefined
      const { rules, sight } = place
      place.access ??= new Set([...graph.devices()].filter((it) => rules.rankOf(it, sight) > 0))
      return place.access
    },
    roleAt(device, heads) {
      const place = placeOf(heads)
      return (place === undefined ? undefined : ROLES[place.rules.rankOf(device, place.sight)]) ?? 'none'
    },
    isAt(heads, cid) {
      const at = graph.get(cid)?.index
      if (at === undefined) return false
      const place = placeOf(heads)
      return hasBit(place?.seen ?? seenBy(graph, heads), at)
    },
    barriers() {
      const size = graph.nodes.length
      if (found?.size !== size) found = { size, barriers: barriers(graph, now().rules) }
      return found.barriers
    },
    cameWith(device, epoch) {
      const { rules, whole } = now()
      return graph.by(device).some((it) => {
        const { act } = it.operation
        if (act.kind !== 'join' || act.body.epoch === null || toHex(act.body.epoch) !== epoch) return false
        return rules.joins.rankGiven(it, whole) > 0
      })
    },
  }
}
