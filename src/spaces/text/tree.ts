import * as Y from 'yjs'
import { MAX_TREE_DEPTH } from './limits.ts'

/** A value of an attribute or of a mark. */
export type TreeValue = string | number | boolean | null

/** A run of text with its marks: `link` has attributes, `bold` and the like have none. */
export interface TextRun {
  readonly text: string
  readonly marks: Readonly<Record<string, Readonly<Record<string, TreeValue>>>>
}

/** An element of a note: `paragraph`, `heading` and what else docs/space-text.md lists. */
export interface TextElement {
  readonly type: string
  readonly attrs: Readonly<Record<string, TreeValue>>
  readonly children: readonly TextNode[]
}

export type TextNode = TextRun | TextElement

/** Names of elements, attributes and marks, as a tree has them. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/

export const isTreeName = (name: string): boolean => NAME.test(name)

export const isRun = (node: TextNode): node is TextRun => 'text' in node

/**
 * The content of a note, as a tree of plain values. What stands where no editor puts it (text beside paragraphs, an
 * element in text) is left out, and so is what is deeper than 64.
 */
export function readTree(fragment: Y.XmlFragment): readonly TextElement[] {
  return readChildren(fragment, MAX_TREE_DEPTH).filter((node): node is TextElement => !isRun(node))
}

function readChildren(parent: Y.XmlFragment, depth: number): TextNode[] {
  if (depth === 0) return []
  const nodes: TextNode[] = []
  // Typed as elements and texts only, but hostile records can bring others.
  for (const child of parent.toArray() as unknown[]) {
    if (child instanceof Y.XmlElement) {
      nodes.push({
        type: plainName(child.nodeName),
        attrs: values(child.getAttributes()),
        children: readChildren(child, depth - 1),
      })
    } else if (child instanceof Y.XmlText) nodes.push(...readRuns(child))
  }
  return nodes
}

/** What `toDelta` of a text gives. */
interface Op {
  readonly insert: unknown
  readonly attributes?: Readonly<Record<string, unknown>>
}

function readRuns(text: Y.XmlText): TextRun[] {
  // Untyped in Yjs.
  const ops = text.toDelta() as readonly Op[]
  return ops.flatMap(({ insert, attributes = {} }) => {
    if (typeof insert !== 'string' || insert === '') return []
    const marks = Object.entries(attributes)
      .filter(([, value]) => typeof value === 'object' && value !== null)
      .map(([name, value]) => [plainName(name), values(value)])
      .sort(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1))
    return [{ text: insert, marks: Object.fromEntries(marks) }]
  })
}

/** Without what sets apart marks that overlap: a record may have it on any name. */
const plainName = (name: string): string => name.split('--', 1)[0] ?? name

/** What a tree can be read back with: records hold other names and texts, that no editor writes. */
function values(from: unknown): Record<string, TreeValue> {
  if (typeof from !== 'object' || from === null) return {}
  const plain: Record<string, TreeValue> = {}
  for (const [key, value] of Object.entries(from).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const name = plainName(key)
    if (!isTreeName(name)) continue
    if (typeof value === 'string') plain[name] = value.toWellFormed()
    else if (typeof value === 'number') plain[name] = Number.isFinite(value) ? value : null
    else if (value === null || typeof value === 'boolean') plain[name] = value
  }
  return plain
}

/** The text alone: one line a block, an empty one for an empty block. */
export function plainText(tree: readonly TextElement[]): string {
  return tree.map(blockText).join('\n')
}

function blockText(element: TextElement): string {
  if (element.type === 'hardBreak') return '\n'
  const isInline = element.children.every((child) => isRun(child) || child.type === 'hardBreak')
  return element.children
    .map((child) => (isRun(child) ? child.text : blockText(child)))
    .join(isInline ? '' : '\n')
}
