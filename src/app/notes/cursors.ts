import { Extension, type Editor } from '@tiptap/core'
import { relativePositionToAbsolutePosition, yCursorPlugin, ySyncPluginKey } from '@tiptap/y-tiptap'
import { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import type { Presence } from '../../cairn/space-model.ts'
import { TEXT_FIELD } from '../../spaces/text/limits.ts'

/** Bytes of a position; one is some 12. */
const MAX_POSITION = 64
/** Colours for people, in `notes.css`. */
const COLOURS = 8

export interface Cursors {
  /** for the editor, beside its other extensions */
  readonly extension: Extension
  /** Who else is in this note now. */
  show(presence: readonly Presence[]): void
  close(): void
}

interface Position {
  readonly anchor: Y.RelativePosition
  readonly head: Y.RelativePosition
}

interface Peer {
  readonly user: { readonly name: string; readonly color: string; readonly colour: number }
  readonly cursor: Position
}

/**
 * Cursors of others in the text, and where this person's own is. A position is relative to characters, so it stays at
 * its word while others type. What others say of theirs is bounded, and shown only where it leads to a place.
 */
export function createCursors(
  doc: Y.Doc,
  editorOf: () => Editor | undefined,
  onCursor: (cursor: Presence['cursor']) => void,
): Cursors {
  const awareness = new Awareness(doc)
  let own: unknown
  awareness.on('change', () => {
    const cursor: unknown = awareness.getLocalState()?.['cursor']
    if (cursor === own) return
    own = cursor
    onCursor(isPosition(cursor) ? encode(cursor) : undefined)
  })

  /** Of the binding's mapping some states have no node yet, and a hostile position can lead anywhere. */
  const leadsSomewhere = (self: number, other: number, peer: Peer): boolean => {
    if (self === other) return false
    const binding = bindingOf(editorOf())
    const fragment = doc.getXmlFragment(TEXT_FIELD)
    if (binding === undefined) return false
    try {
      return [peer.cursor.anchor, peer.cursor.head].every(
        (position) => relativePositionToAbsolutePosition(doc, fragment, position, binding.mapping) !== null,
      )
    } catch {
      return false
    }
  }

  return {
    extension: Extension.create({
      name: 'cursors',
      addProseMirrorPlugins: () => [
        yCursorPlugin(awareness, {
          awarenessStateFilter: leadsSomewhere,
          cursorBuilder: drawCursor,
          selectionBuilder: (user: Peer['user']) => ({ class: `note-selection peer-${user.colour}` }),
        }),
      ],
    }),
    show(presence) {
      for (const client of awareness.states.keys())
        if (client !== awareness.clientID) awareness.states.delete(client)
      presence.forEach(({ device, name, cursor }, at) => {
        const position = cursor === undefined ? undefined : decode(cursor)
        if (position === undefined) return
        const colour = colourOf(device)
        // The plugin warns about colours of other forms; ours are in the style sheet.
        const peer: Peer = { user: { name, color: '#000000', colour }, cursor: position }
        awareness.states.set(-1 - at, { ...peer })
      })
      awareness.emit('change', [{ added: [], updated: [], removed: [] }, 'presence'])
    },
    close: () => awareness.destroy(),
  }
}

// The plugin's state is untyped.
type Binding = { readonly mapping: Parameters<typeof relativePositionToAbsolutePosition>[3] }
const bindingOf = (editor: Editor | undefined): Binding | undefined =>
  editor === undefined
    ? undefined
    : ((ySyncPluginKey.getState(editor.state) as { readonly binding?: Binding } | undefined)?.binding ??
      undefined)

const isPosition = (cursor: unknown): cursor is Position =>
  typeof cursor === 'object' && cursor !== null && 'anchor' in cursor && 'head' in cursor

const encode = ({ anchor, head }: Position): NonNullable<Presence['cursor']> => ({
  anchor: Y.encodeRelativePosition(anchor),
  head: Y.encodeRelativePosition(head),
})

function decode({ anchor, head }: NonNullable<Presence['cursor']>): Position | undefined {
  const from = decodeOne(anchor)
  const to = decodeOne(head)
  return from === undefined || to === undefined ? undefined : { anchor: from, head: to }
}

function decodeOne(bytes: Uint8Array): Y.RelativePosition | undefined {
  if (bytes.length > MAX_POSITION) return undefined
  try {
    const position = Y.decodeRelativePosition(bytes)
    // Another name would make another root in the document.
    return position.tname === null || position.tname === TEXT_FIELD ? position : undefined
  } catch {
    return undefined
  }
}

/** The same colour for a device wherever it is shown. */
function colourOf(device: string): number {
  let sum = 0
  for (let i = 0; i < device.length; i++) sum = (sum * 31 + device.charCodeAt(i)) % 65_521
  return sum % COLOURS
}

function drawCursor(user: Peer['user']): HTMLElement {
  const cursor = document.createElement('span')
  cursor.className = `note-cursor peer-${user.colour}`
  const label = document.createElement('span')
  label.className = 'note-cursor-name'
  label.dir = 'auto'
  label.textContent = user.name === '' ? 'Someone' : user.name
  // Screen readers hear who is here from the list of people, not in the midst of a sentence.
  cursor.setAttribute('aria-hidden', 'true')
  // Joiners keep the text around from being broken at the cursor.
  cursor.append('\u2060', label, '\u2060')
  return cursor
}
