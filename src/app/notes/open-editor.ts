import { Editor } from '@tiptap/core'
import { Collaboration } from '@tiptap/extension-collaboration'
import { StarterKit } from '@tiptap/starter-kit'
import * as Y from 'yjs'
import type { Presence } from '../../cairn/space-model.ts'
import { TEXT_FIELD } from '../../spaces/text/limits.ts'
import { createCursors } from './cursors.ts'
import { guardFragment } from './guard.ts'
import { isSafeAddress } from './link-address.ts'
import { roomFor } from './room.ts'

/** Origin of what others typed: it is not sent back to them, and not undone here. */
const ELSEWHERE = 'elsewhere'

export interface OpenEditor {
  readonly editor: Editor
  /** Takes in what was typed elsewhere. False when it cannot be shown: the editor has to be opened again. */
  hear(update: Uint8Array): boolean
  show(presence: readonly Presence[]): void
  setReadOnly(readOnly: boolean): void
  /** Gives everything of the note, as one Yjs update. */
  close(): Uint8Array
}

/** An editor on a note's document. What is typed is told as Yjs updates, whatever its kind. */
export function openEditor(options: {
  readonly element: HTMLElement
  /** everything of the note, as one Yjs update */
  readonly state: Uint8Array
  /** client id of this session, by the engine: structs under another are refused */
  readonly client: number
  readonly label: string
  readonly readOnly: boolean
  readonly onTyped: (update: Uint8Array) => void
  readonly onCursor: (cursor: Presence['cursor']) => void
  /** what was to be typed or pasted is more than a note holds */
  readonly onRefused: () => void
  /** focus the toolbar */
  readonly onToolbar: () => void
}): OpenEditor {
  const { element, state, client, label, onTyped, onCursor, onRefused, onToolbar } = options
  let { readOnly } = options
  const doc = new Y.Doc()
  doc.clientID = client
  Y.applyUpdate(doc, state, ELSEWHERE)
  doc.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin !== ELSEWHERE && !readOnly) onTyped(update)
  })
  const unguard = guardFragment(doc, doc.getXmlFragment(TEXT_FIELD))
  // The cursors ask for the editor, which is made with them.
  const made: { editor?: Editor } = {}
  const cursors = createCursors(
    doc,
    () => made.editor,
    (cursor) => onCursor(cursor),
  )
  const attributes = () => ({
    class: 'note-text',
    role: 'textbox',
    dir: 'auto',
    'aria-multiline': 'true',
    'aria-label': label,
    ...(readOnly ? { 'aria-readonly': 'true', tabindex: '0' } : {}),
  })
  const editor = new Editor({
    element,
    // The policy of the app allows no style elements; `notes.css` has what is needed.
    injectCSS: false,
    editable: !readOnly,
    extensions: [
      StarterKit.configure({
        // The document's own history, of this person's changes alone, takes its place.
        undoRedo: false,
        // Would write into the document of whoever only looks at it.
        trailingNode: false,
        underline: false,
        heading: { levels: [1, 2, 3] },
        link: {
          openOnClick: 'whenNotEditable',
          defaultProtocol: 'https',
          HTMLAttributes: { target: '_blank', rel: 'noopener noreferrer nofollow' },
          isAllowedUri: isSafeAddress,
        },
      }),
      Collaboration.configure({ document: doc, field: TEXT_FIELD }),
      cursors.extension,
      roomFor(onRefused),
    ],
    editorProps: {
      attributes,
      handleKeyDown(_view, event) {
        if (!event.altKey || event.key !== 'F10') return false
        onToolbar()
        return true
      },
    },
  })
  made.editor = editor

  return {
    editor,
    hear(update) {
      try {
        Y.applyUpdate(doc, update, ELSEWHERE)
        return true
      } catch {
        // Half of it may be in the document, and the screen is no longer what is.
        return false
      }
    },
    show: (presence) => cursors.show(presence),
    setReadOnly(next) {
      readOnly = next
      editor.setEditable(!next, false)
    },
    close() {
      const last = Y.encodeStateAsUpdate(doc)
      editor.destroy()
      cursors.close()
      unguard()
      doc.destroy()
      return last
    },
  }
}
