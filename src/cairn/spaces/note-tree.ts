import * as Y from 'yjs'
import { MAX_TREE_DEPTH, TEXT_FIELD } from '../../spaces/text/limits.ts'
import { restoreTree } from '../../spaces/text/restore.ts'
import {
  isTreeName,
  readTree,
  type TextElement,
  type TextNode,
  type TreeValue,
} from '../../spaces/text/tree.ts'
import { damaged } from './import-errors.ts'

/** What is in a note, of its state as one Yjs update. */
export function treeOf(state: Uint8Array): readonly TextElement[] {
  const doc = new Y.Doc()
  try {
    Y.applyUpdate(doc, state)
    return readTree(doc.getXmlFragment(TEXT_FIELD))
  } finally {
    doc.destroy()
  }
}

/** An empty note's way to this content, as an editor with this client id would have made it. */
export function updateOf(tree: readonly TextElement[], client: number): Uint8Array {
  const doc = new Y.Doc()
  try {
    doc.clientID = client
    doc.transact(() => restoreTree(doc.getXmlFragment(TEXT_FIELD), tree))
    return Y.encodeStateAsUpdate(doc)
  } finally {
    doc.destroy()
  }
}

type Plain = Readonly<Record<string, unknown>>

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The tree of a note from JSON of anywhere: what `treeOf` gives, and nothing that the records of a note could not hold.
 *
 * @param name of the file, for the error
 * @throws ImportError `spaces.import-damaged` (`note`)
 */
export function parseTree(json: string, name: string): readonly TextElement[] {
  const wrong = () => damaged('note', name)

  function readNode(node: unknown, depth: number): TextNode {
    if (!isPlain(node) || !('text' in node)) return readElement(node, depth)
    const { text, marks } = node
    if (typeof text !== 'string' || text === '' || !text.isWellFormed()) throw wrong()
    return { text, marks: readNamed(marks, readValues) }
  }
  function readElement(node: unknown, depth: number): TextElement {
    if (depth === 0 || !isPlain(node)) throw wrong()
    const { type, attrs, children } = node
    if (typeof type !== 'string' || !isTreeName(type) || !Array.isArray(children)) throw wrong()
    return {
      type,
      attrs: readValues(attrs),
      children: children.map((child: unknown) => readNode(child, depth - 1)),
    }
  }
  const readValues = (from: unknown): Record<string, TreeValue> =>
    readNamed(from, (value) => {
      if (value === null || typeof value === 'boolean' || typeof value === 'number') return value
      if (typeof value !== 'string' || !value.isWellFormed()) throw wrong()
      return value
    })
  function readNamed<T>(from: unknown, read: (value: unknown) => T): Record<string, T> {
    if (!isPlain(from)) throw wrong()
    return Object.fromEntries(
      Object.entries(from).map(([key, value]) => {
        if (!isTreeName(key)) throw wrong()
        return [key, read(value)]
      }),
    )
  }

  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw wrong()
  }
  if (!Array.isArray(value)) throw wrong()
  return value.map((node: unknown) => readElement(node, MAX_TREE_DEPTH))
}
