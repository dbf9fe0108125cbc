import type { InnerPlace } from '../content/model.ts'
import { TEXT_COLLECTION, VERSIONS } from '../text/limits.ts'
import { createNoteText, isNoteId } from '../text/note-text.ts'
import { noteOf, textPlace, versionKey } from '../text/record.ts'
import type { TextElement } from '../text/tree.ts'
import { writeVersion } from '../text/version.ts'
import type { InnerChange } from './commit.ts'
import type { VaultParts } from './parts.ts'

/** True for text as it was typed, which is under ids of its own device: no other can write it again. */
export const isTyped = ({ collection, rkey }: InnerPlace): boolean =>
  collection === TEXT_COLLECTION && textPlace(noteOf(rkey), rkey)?.kind !== 'version'

/**
 * Versions that keep what notes say here, for those of which a device typed something that nobody else has. `taken` are
 * the places of what is written beside them.
 */
export async function versionsOfTyped(
  { host, repos }: Pick<VaultParts, 'host' | 'repos'>,
  typed: readonly InnerPlace[],
  taken: readonly InnerPlace[],
): Promise<InnerChange[]> {
  const keys = new Set(taken.flatMap(({ collection, rkey }) => (collection === TEXT_COLLECTION ? rkey : [])))
  const found: InnerChange[] = []
  for (const note of new Set(typed.map(({ rkey }) => noteOf(rkey)))) {
    if (!isNoteId(note)) continue
    const free = Array.from({ length: VERSIONS }, (_, index) => versionKey(note, index)).filter(
      (key) => !keys.has(key),
    )
    for (const value of written(host.now(), await treeHere({ host, repos }, note))) {
      const rkey = free.shift()
      if (rkey !== undefined) found.push({ collection: TEXT_COLLECTION, rkey, value })
    }
  }
  return found
}

/** What a note says, by all that counts here. */
async function treeHere(
  { host, repos }: Pick<VaultParts, 'host' | 'repos'>,
  note: string,
): Promise<readonly TextElement[]> {
  // Nothing is typed: whose device this is does not matter.
  const text = createNoteText({ note, device: '', random: host.random })
  for (const [device, book] of repos.books()) {
    const places = book.list(TEXT_COLLECTION, note).filter(({ rkey }) => noteOf(rkey) === note)
    for (const [index, value] of (await book.read(places)).entries()) {
      const place = places[index]
      if (place !== undefined) text.put(device, place.rkey, value)
    }
  }
  return text.tree()
}

/** As many as are needed: one is not long. */
function written(at: number, tree: readonly TextElement[]): readonly Uint8Array[] {
  if (tree.length === 0) return []
  const whole = writeVersion({ at, tree })
  if (whole !== undefined) return [whole]
  if (tree.length === 1) return []
  const middle = tree.length >> 1
  return [...written(at, tree.slice(0, middle)), ...written(at, tree.slice(middle))]
}
