import { fromUtf8Strict } from '../../core/bytes.ts'
import { malformed } from './errors.ts'
import { MAX_CLOCK } from './limits.ts'
import { ANY, DELETED, FORMAT, GC, STRING, TYPE } from './model.ts'
import type { Reader } from './reader.ts'

/** Names of elements, attributes and marks; a mark that may overlap itself carries a hash. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,31}(--[A-Za-z0-9+/=]{1,16})?$/
const MAX_NAME = 64
/** Longest value of a mark: the address of a link. */
const MAX_VALUE = 8192
const MAX_VALUE_DEPTH = 4

/** Types of Yjs that a note is made of. */
const XML_ELEMENT = 3
const XML_TEXT = 6

/** Types of values, as lib0 writes them. */
const UNDEFINED = 127
const NULL = 126
const INTEGER = 125
const FLOAT_32 = 124
const FLOAT_64 = 123
const FALSE = 121
const TRUE = 120
const TEXT = 119
const MAP = 118
const LIST = 117

export interface Content {
  /** how many clocks it takes */
  readonly length: number
  readonly content: Uint8Array
}

const EMPTY = new Uint8Array()

export function readName(reader: Reader): string {
  const name = reader.text(MAX_NAME)
  if (!NAME.test(name)) throw malformed('name')
  return name
}

/** The content of a struct of this kind. Only what an editor of notes makes: no binary, no document, no other type. */
export function readContent(reader: Reader, kind: number): Content {
  const from = reader.at
  switch (kind) {
    case GC:
    case DELETED:
      return { length: atLeastOne(reader.uint(MAX_CLOCK)), content: EMPTY }
    case STRING: {
      const content = reader.block(reader.left)
      const text = fromUtf8Strict(content)
      if (text === undefined) throw malformed('utf-8')
      return { length: atLeastOne(text.length), content }
    }
    case FORMAT:
      readName(reader)
      checkJson(reader.text(MAX_VALUE))
      return { length: 1, content: reader.since(from) }
    case TYPE: {
      const type = reader.uint(XML_TEXT)
      if (type === XML_ELEMENT) readName(reader)
      else if (type !== XML_TEXT) throw malformed('type')
      return { length: 1, content: reader.since(from) }
    }
    case ANY:
      if (reader.uint(1) !== 1) throw malformed('values')
      skipValue(reader, MAX_VALUE_DEPTH)
      if (reader.at - from > MAX_VALUE) throw malformed('value')
      return { length: 1, content: reader.since(from) }
    default:
      throw malformed('kind')
  }
}

function atLeastOne(length: number): number {
  if (length === 0) throw malformed('length')
  return length
}

/** The value of a mark. */
function checkJson(text: string): void {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw malformed('json')
  }
  checkDepth(value, MAX_VALUE_DEPTH)
}

function checkDepth(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth === 0) throw malformed('value')
  for (const [name, it] of Object.entries(value)) {
    if (name === '__proto__') throw malformed('name')
    checkDepth(it, depth - 1)
  }
}

/** Passes over the value of an attribute. */
function skipValue(reader: Reader, depth: number): void {
  if (depth === 0) throw malformed('value')
  switch (reader.byte()) {
    case UNDEFINED:
    case NULL:
    case FALSE:
    case TRUE:
      return
    case INTEGER:
      // sign and six bits, then seven a byte: a safe integer takes at most eight
      for (let i = 0; i < 8; i++) if (reader.byte() < 0x80) return
      throw malformed('number')
    case FLOAT_32:
      reader.take(4)
      return
    case FLOAT_64:
      reader.take(8)
      return
    case TEXT:
      reader.text(MAX_VALUE)
      return
    case MAP:
      for (let left = reader.uint(MAX_VALUE); left > 0; left--) {
        readName(reader)
        skipValue(reader, depth - 1)
      }
      return
    case LIST:
      for (let left = reader.uint(MAX_VALUE); left > 0; left--) skipValue(reader, depth - 1)
      return
    default:
      throw malformed('value')
  }
}
