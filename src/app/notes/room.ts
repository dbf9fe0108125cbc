import { Extension } from '@tiptap/core'
import type { Node } from '@tiptap/pm/model'
import { Plugin, PluginKey, type Transaction } from '@tiptap/pm/state'
import { ySyncPluginKey } from '@tiptap/y-tiptap'

/** Characters and starts and ends of blocks that a note holds: several books. */
export const MAX_NOTE = 300_000
/** Lists and quotes within each other. */
const MAX_DEPTH = 32

/** Refuses what would make a note too large or too deep to be stored; what comes from others is shown as it is. */
export const roomFor = (refused: () => void) =>
  Extension.create({
    name: 'room',
    addProseMirrorPlugins: () => [
      new Plugin({
        key: new PluginKey('room'),
        filterTransaction(transaction, state) {
          if (!transaction.docChanged || isFromOthers(transaction)) return true
          const { doc } = transaction
          const hasRoom = doc.content.size <= Math.max(MAX_NOTE, state.doc.content.size)
          if (hasRoom && !isDeep(transaction)) return true
          refused()
          return false
        },
      }),
    ],
  })

function isFromOthers(transaction: Transaction): boolean {
  // Untyped in the binding: whether a change came from the shared document.
  const meta = transaction.getMeta(ySyncPluginKey) as { readonly isChangeOrigin?: boolean } | undefined
  return meta?.isChangeOrigin === true
}

/** Looks at what has changed only: a keystroke must not cost a walk through the note. */
function isDeep({ doc, mapping }: Transaction): boolean {
  let deep = false
  mapping.maps.forEach((map, index) => {
    map.forEach((_from, _to, newFrom, newTo) => {
      const rest = mapping.slice(index + 1)
      const from = Math.max(0, rest.map(newFrom, -1))
      const to = Math.min(doc.content.size, rest.map(newTo, 1))
      deep ||= depthOf(doc, from, to, MAX_DEPTH) > MAX_DEPTH
    })
  })
  return deep
}

/** Levels of nodes between two places of a node's content, counted as far as `most` and one. */
function depthOf(node: Node, from: number, to: number, most: number): number {
  let depth = 0
  node.forEach((child, offset) => {
    if (child.isText || depth > most || offset > to || offset + child.nodeSize < from) return
    const inner = most < 0 ? 0 : depthOf(child, from - offset - 1, to - offset - 1, most - 1)
    depth = Math.max(depth, inner + 1)
  })
  return depth
}
