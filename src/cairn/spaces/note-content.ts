import { TEXT_COLLECTION } from '../../spaces/text/limits.ts'
import { toMarkdown } from '../../spaces/text/markdown.ts'
import { createNoteText, isNoteId } from '../../spaces/text/note-text.ts'
import type { NoteContent } from '../space-model.ts'
import { treeOf } from './note-tree.ts'
import type { OpenSpace } from './open-space.ts'

/** What stands in a note: of all that is stored, what this device has just typed included. */
export async function readNoteContent(
  { vault, notes }: Pick<OpenSpace, 'vault' | 'notes'>,
  note: string,
  random: (length: number) => Uint8Array,
): Promise<NoteContent> {
  // Another id has no text.
  if (!isNoteId(note)) return { markdown: '', tree: [] }
  await notes.flush(note)
  // On its own: a note that an editor holds open must not make room for one that is only read.
  const text = createNoteText({ note, device: vault.device().id, random })
  for (const { device, rkey, value } of await vault.list(TEXT_COLLECTION, note))
    if (rkey.split('.', 1)[0] === note) text.put(device, rkey, value)
  const tree = treeOf(text.state())
  return { markdown: toMarkdown(tree), tree }
}
