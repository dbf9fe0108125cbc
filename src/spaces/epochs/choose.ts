import { SpacesError } from '../errors.ts'
import { type Epoch, MAX_EPOCH_PARENTS } from './epoch.ts'
import type { OpenEpoch } from './keys.ts'

/** What a device knows of who belongs to the space. Heads and barriers are ids of membership operations. */
export interface EpochView {
  /** devices that have access now */
  readonly access: ReadonlySet<string>
  /** Devices that had access at these heads; undefined when one of the heads is not here. */
  accessAt(heads: readonly string[]): ReadonlySet<string> | undefined
  /** Whether the device could write at these heads, all of which are here. */
  couldWrite(device: string, heads: readonly string[]): boolean
  /** operations after which someone who may hold a key must not read on: removals, leavings, closings of links */
  readonly barriers: readonly string[]
  /** Whether the barrier is at or before these heads. */
  knew(heads: readonly string[], barrier: string): boolean
  /** Whether the device came by a link that carried the key of this epoch. */
  cameWith(device: string, epoch: string): boolean
}

export type EpochChoice =
  | { readonly kind: 'use'; readonly epoch: OpenEpoch }
  /** make one for all who have access, with these as parents, ascending by name */
  | {
      readonly kind: 'make'
      readonly recipients: readonly string[]
      readonly parents: readonly OpenEpoch[]
    }

/**
 * Under which epoch `writer` seals: docs/spaces.md, "Which epoch to seal under". `held` are the epochs of this space
 * whose keys it has. Writers who know the same and hold the same choose the same.
 *
 * @throws SpacesError `spaces.removed` when the writer itself has no access
 */
export function chooseEpoch(writer: string, held: Iterable<OpenEpoch>, view: EpochView): EpochChoice {
  if (!view.access.has(writer)) throw new SpacesError('spaces.removed', { device: writer })
  const sound = [...held].filter(({ info }) => isSound(info, view))
  const usable = sound.filter(({ info }) => isUsable(info, view))
  const best = newest(usable, sound)[0]
  if (best !== undefined) return { kind: 'use', epoch: best }
  const parents = newest(sound, sound).slice(0, MAX_EPOCH_PARENTS)
  return { kind: 'make', recipients: [...view.access].sort(), parents }
}

/** True when its maker might make it, and made it for nobody who had no access, as far as its heads are here. */
function isSound({ maker, members, recipients }: Epoch, view: EpochView): boolean {
  const access = view.accessAt(members)
  return access !== undefined && view.couldWrite(maker, members) && recipients.every((it) => access.has(it))
}

/** True when nobody reads on by this key who should not, and everyone who should can. */
function isUsable({ name, maker, members, recipients }: Epoch, view: EpochView): boolean {
  if (!view.barriers.every((it) => view.knew(members, it))) return false
  if (![maker, ...recipients].every((it) => view.access.has(it))) return false
  const listed = new Set(recipients)
  return [...view.access].every((it) => listed.has(it) || view.cameWith(it, name))
}

/** Those of `some` that are before no other of them, ascending by name. `all` are those by which they are connected. */
function newest(some: readonly OpenEpoch[], all: readonly OpenEpoch[]): OpenEpoch[] {
  const byName = new Map(all.map((it) => [it.info.name, it.info]))
  const before = new Set<string>()
  const steps = some.map((it) => it.info)
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    for (const { name } of step.parents) {
      const parent = before.has(name) ? undefined : byName.get(name)
      before.add(name)
      if (parent !== undefined) steps.push(parent)
    }
  }
  return some.filter((it) => !before.has(it.info.name)).sort((a, b) => (a.info.name < b.info.name ? -1 : 1))
}
