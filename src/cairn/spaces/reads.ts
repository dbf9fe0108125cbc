import { EVERYWHERE, readId } from '../../spaces/content/ids.ts'
import type { Unread } from '../../spaces/content/model.ts'
import { SEEN } from '../../spaces/vault/seen.ts'
import type { Vault } from '../../spaces/vault/model.ts'
import { isHere } from './link-mail.ts'
import type { SpacesContext } from './parts.ts'
import { selfOf } from './summary.ts'

/** Who came longer ago has read what they wanted to, ms. */
const NEWCOMER = 24 * 60 * 60_000

/** What can be news. */
const KINDS = ['post', 'note', 'task', 'file'] as const

/** What is news to this person in a space, and how far they have read it. */
export interface SpaceReads {
  unread(): Unread
  /** Seen at a place, up to a counter. A reader's marks stay on this device, all others are the person's. */
  mark(place: string, upTo: number): Promise<void>
  /**
   * Takes what was there before this person came for read. To be called once another's work is all here; does nothing
   * where it was done, and for a person who did not come just now by this device.
   */
  settle(): Promise<void>
}

/** Throws StorageError. */
export async function createSpaceReads(
  { host, emit }: Pick<SpacesContext, 'host' | 'emit'>,
  vault: Vault,
): Promise<SpaceReads> {
  const { storage, clock } = host
  const { space } = vault.row
  const key = `space-read/${space}`
  // only this file writes it
  const kept = (await storage.get('network', key)) as Readonly<Record<string, number>> | undefined
  const own = new Map(Object.entries(kept ?? {}))

  const markOf = (place: string): number =>
    Math.max(own.get(place) ?? 0, vault.content.get('read', readId(selfOf(vault), place))?.fields.upTo ?? 0)

  const mark = async (place: string, upTo: number): Promise<void> => {
    const role = vault.role()
    if (upTo <= markOf(place) || role === 'none') return
    if (role !== 'reader') {
      // No change of a person's own that could be taken back.
      await vault.edit([{ kind: 'read', id: readId(selfOf(vault), place), set: { upTo } }])
      return
    }
    own.set(place, upTo)
    const value = Object.fromEntries(own)
    await storage.write([{ type: 'put', table: 'network', key, value }], isHere(space))
    emit({ type: 'space', space })
  }

  /**
   * The counter of what was written last before this person came, by the clocks of those who wrote: what came meanwhile is
   * news. Not the counter that all go on from: others have not heard of ours.
   */
  const newestBefore = (at: number): number => {
    const all = KINDS.flatMap((kind) => vault.content.list(kind, { hidden: true, deleted: true }))
    return all.reduce((most, it) => (it.changedAt > at ? most : Math.max(most, it.counter)), 1)
  }

  return {
    unread: () => vault.content.unread(selfOf(vault), own),
    mark,
    async settle() {
      const { state, joinedAt } = vault.row
      // A person is named for the device by which they came.
      const isNew = selfOf(vault) === vault.device().id && clock.now() - joinedAt < NEWCOMER
      if (state !== 'member' || !isNew || vault.founder() === selfOf(vault) || markOf(EVERYWHERE) > 0) return
      // After all that was heard by now has been opened.
      await vault.list(SEEN.collection, SEEN.rkey)
      await mark(EVERYWHERE, newestBefore(joinedAt))
    },
  }
}
