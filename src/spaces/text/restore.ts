import * as Y from 'yjs'
import { isRun, readTree, type TextElement, type TextRun } from './tree.ts'

/**
 * Makes the content what `tree` says, by ordinary edits: blocks at the start and at the end that are the same stay as
 * they are, those between are taken out and written anew. Who types meanwhile in a block that stays loses nothing.
 */
export function restoreTree(fragment: Y.XmlFragment, tree: readonly TextElement[]): void {
  // What is no element stands in the fragment too, but not in the tree.
  const present = fragment.toArray().flatMap((child, index) => (child instanceof Y.XmlElement ? [index] : []))
  const now = readTree(fragment).map((element) => JSON.stringify(element))
  const then = tree.map((element) => JSON.stringify(element))
  let start = 0
  while (start < now.length && start < then.length && now[start] === then[start]) start++
  let end = 0
  while (
    end < now.length - start &&
    end < then.length - start &&
    now[now.length - 1 - end] === then[then.length - 1 - end]
  )
    end++
  const from = present[start] ?? fragment.length
  const to = end === 0 ? fragment.length : (present[now.length - end] ?? fragment.length)
  if (to > from) fragment.delete(from, to - from)
  const fresh = tree.slice(start, tree.length - end).map(toElement)
  if (fresh.length > 0) fragment.insert(from, fresh)
}

function toElement({ type, attrs, children }: TextElement): Y.XmlElement {
  const element = new Y.XmlElement(type)
  // Typed for text only; Yjs and the editor keep numbers, booleans and null too.
  for (const [name, value] of Object.entries(attrs)) element.setAttribute(name, value as string)
  const parts: (Y.XmlElement | Y.XmlText)[] = []
  let runs: TextRun[] = []
  const close = () => {
    if (runs.length > 0) parts.push(toText(runs))
    runs = []
  }
  for (const child of children) {
    if (isRun(child)) runs.push(child)
    else {
      close()
      parts.push(toElement(child))
    }
  }
  close()
  if (parts.length > 0) element.insert(0, parts)
  return element
}

function toText(runs: readonly TextRun[]): Y.XmlText {
  const text = new Y.XmlText()
  text.applyDelta(
    runs.map(({ text: insert, marks }) => ({
      insert,
      // Yjs writes into what it is given.
      attributes: { ...marks },
    })),
  )
  return text
}
