import * as v from 'valibot'
import { utf8 } from '../../core/bytes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { SpacesError } from '../errors.ts'
import { readMap, time, version1 } from '../maps.ts'
import { malformed, TextError } from './errors.ts'
import { MAX_TREE_DEPTH, MAX_VERSION_BYTES, VERSIONS } from './limits.ts'
import { isTreeName, type TextElement, type TextNode, type TreeValue } from './tree.ts'

/** A note as it was. */
export interface TextVersion {
  /** ms, by the clock of the device that kept it; shown only */
  readonly at: number
  readonly tree: readonly TextElement[]
}

const shape = v.strictObject({ ver: version1, at: time, content: v.string() })

/** The value of a record; undefined for content that is too large to be kept as a version. */
export function writeVersion({ at, tree }: TextVersion): Uint8Array<ArrayBuffer> | undefined {
  const content = JSON.stringify(tree)
  if (utf8(content).length > MAX_VERSION_BYTES - 64) return undefined
  return encodeDagCbor({ ver: 1, at, content })
}

/**
 * A version that some device kept. It is that device's word: nothing shows that the note ever said so.
 *
 * @throws TextError `text.malformed`, `text.version`
 */
export function readVersion(value: Uint8Array): TextVersion {
  let map: v.InferOutput<typeof shape>
  try {
    map = readMap(value, shape, 'spaces.invalid', MAX_VERSION_BYTES)
  } catch (error) {
    if (!(error instanceof SpacesError)) throw error
    const { version, reason } = error.fields
    if (error.code === 'spaces.version') throw new TextError('text.version', { version })
    throw malformed(String(reason))
  }
  let content: unknown
  try {
    content = JSON.parse(map.content)
  } catch {
    throw malformed('json')
  }
  if (!Array.isArray(content)) throw malformed('content')
  return { at: map.at, tree: content.map((node: unknown) => readElement(node, MAX_TREE_DEPTH)) }
}

type Plain = Readonly<Record<string, unknown>>

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function readNode(node: unknown, depth: number): TextNode {
  if (!isPlain(node)) throw malformed('node')
  if (!('text' in node)) return readElement(node, depth)
  const { text, marks } = node
  if (typeof text !== 'string' || text === '' || !isPlain(marks)) throw malformed('text')
  return { text, marks: readNamed(marks, readValues) }
}

function readElement(node: unknown, depth: number): TextElement {
  if (depth === 0) throw malformed('depth')
  if (!isPlain(node)) throw malformed('node')
  const { type, attrs, children } = node
  if (typeof type !== 'string' || !isTreeName(type) || !Array.isArray(children)) throw malformed('element')
  return {
    type,
    attrs: readValues(attrs),
    children: children.map((child: unknown) => readNode(child, depth - 1)),
  }
}

const readValues = (from: unknown): Record<string, TreeValue> =>
  readNamed(from, (value) => {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
    if (typeof value === 'number') return value
    throw malformed('value')
  })

function readNamed<T>(from: unknown, read: (value: unknown) => T): Record<string, T> {
  if (!isPlain(from)) throw malformed('values')
  return Object.fromEntries(
    Object.entries(from).map(([name, value]) => {
      if (!isTreeName(name)) throw malformed('name')
      return [name, read(value)]
    }),
  )
}

/** How many of the newest versions are never thinned out. */
const KEPT = 8

/**
 * Which record a new version goes to: a free one, else that of the older version whose neighbours in time are
 * closest, so that what stays reaches far back.
 */
export function versionSlot(kept: ReadonlyMap<number, { readonly at: number }>): number {
  for (let index = 0; index < VERSIONS; index++) if (!kept.has(index)) return index
  const oldest = [...kept].sort(([, a], [, b]) => a.at - b.at)
  let best = oldest[0]?.[0] ?? 0
  let narrowest = Infinity
  // The very first stays as well.
  for (let at = 1; at < oldest.length - KEPT; at++) {
    const gap = (oldest[at + 1]?.[1].at ?? 0) - (oldest[at - 1]?.[1].at ?? 0)
    if (gap < narrowest) {
      narrowest = gap
      best = oldest[at]?.[0] ?? best
    }
  }
  return best
}
