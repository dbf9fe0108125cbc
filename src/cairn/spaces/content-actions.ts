import { CairnError } from '../../core/errors.ts'
import { parseItem } from '../../spaces/content/ids.ts'
import type { Kind } from '../../spaces/content/model.ts'
import { createSearch } from '../../spaces/content/search.ts'
import { exportContent } from '../../spaces/content/snapshot.ts'
import type { UndoStep } from '../../spaces/content/undo.ts'
import type { Spaces } from '../spaces-api.ts'
import { readNoteContent } from './note-content.ts'
import type { OpenSpace } from './open-space.ts'
import type { OpenSpaces } from './service.ts'

type ContentActions = Pick<
  Spaces,
  | 'edit'
  | 'entities'
  | 'entity'
  | 'replies'
  | 'reactions'
  | 'history'
  | 'restore'
  | 'undo'
  | 'redo'
  | 'search'
  | 'markRead'
  | 'unread'
  | 'note'
  | 'typeNote'
  | 'flushNote'
  | 'noteVersions'
  | 'restoreNote'
  | 'addFile'
  | 'replaceFile'
  | 'fetchFile'
  | 'cancelFile'
  | 'files'
  | 'snapshot'
  | 'noteContent'
>

/** What is in a space, read and changed. Every change is durable on this device when its call resolves. */
export function contentActions({ use, context }: OpenSpaces): ContentActions {
  const searches = new WeakMap<OpenSpace, ReturnType<typeof createSearch>>()
  const searchOf = (it: OpenSpace) => {
    const found = searches.get(it) ?? createSearch(it.vault.content, (id) => it.notes.text(id))
    searches.set(it, found)
    return found
  }
  const step = async (space: string, which: 'undo' | 'redo'): Promise<boolean> => {
    const { undo, vault } = await use(space)
    const found: UndoStep | undefined = undo()[which]()
    if (found === undefined) return false
    await vault.edit(found.edits)
    found.done()
    return true
  }
  const itemOf = (item: string): { readonly kind: Kind; readonly id: string } => {
    const found = parseItem(item)
    if (found === undefined) throw new CairnError('spaces.no-item', { item })
    return found
  }

  return {
    edit: async (space, edits) => (await use(space)).edit(edits),
    entities: async (space, kind, options) => (await use(space)).vault.content.list(kind, options),
    async entity(space, item) {
      const { content } = (await use(space)).vault
      // a link that was cut off names nothing that is here
      const found = parseItem(item)
      return found && content.get(found.kind, found.id)
    },
    replies: async (space, item) => (await use(space)).vault.content.replies(item),
    async reactions(space, items) {
      const { content } = (await use(space)).vault
      return Object.fromEntries(items.map((item) => [item, content.reactions(item)]))
    },
    async history(space, item) {
      const { kind, id } = itemOf(item)
      return (await use(space)).vault.content.history(kind, id)
    },
    async restore(space, item, counter) {
      const { kind, id } = itemOf(item)
      const it = await use(space)
      await it.edit([it.vault.content.restore(kind, id, counter)])
    },
    undo: (space) => step(space, 'undo'),
    redo: (space) => step(space, 'redo'),
    async search(space, text) {
      const it = await use(space)
      await it.notes.readTexts(it.vault.content.list('note').map(({ id }) => id))
      return searchOf(it).search(text)
    },
    async markRead(space, place, upTo) {
      await (await use(space)).reads.mark(place, upTo)
    },
    async unread(space) {
      return (await use(space)).reads.unread().places
    },

    note: async (space, id) => (await use(space)).notes.open(id),
    typeNote: async (space, id, update, salt) => (await use(space)).notes.typed(id, update, salt),
    flushNote: async (space, id, typed) => (await use(space)).notes.flush(id, typed),
    noteVersions: async (space, id) => (await use(space)).notes.versions(id),
    restoreNote: async (space, id, version) => (await use(space)).notes.restore(id, version),

    addFile: async (space, file, name) => (await use(space)).files.add(file, name),
    replaceFile: async (space, id, file) => (await use(space)).files.replace(id, file),
    fetchFile: async (space, id) => (await use(space)).files.fetch(id),
    cancelFile: async (space, id) => (await use(space)).files.cancel(id),
    files: async (space) => (await use(space)).files.states(),

    async snapshot(space) {
      const { content } = (await use(space)).vault
      return {
        at: context.host.clock.now(),
        content: exportContent(content),
        files: content
          .list('file')
          .flatMap(({ id, fields: { sealed } }) => (sealed === undefined ? [] : [{ id, sealed }])),
      }
    },
    noteContent: async (space, id) => readNoteContent(await use(space), id, context.random),
  }
}
