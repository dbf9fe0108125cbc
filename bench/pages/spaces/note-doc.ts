import * as Y from 'yjs'
import { TEXT_FIELD } from '../../../src/spaces/text/limits.ts'
import { baseText, BLOCKS, type TextEdit } from './day.ts'

/** The note of a day in a Yjs document, as an editor has it. */

export function writeBase(doc: Y.Doc): void {
  doc.transact(() => {
    const blocks = Array.from({ length: BLOCKS }, (_, block) => {
      const element = new Y.XmlElement('paragraph')
      element.insert(0, [new Y.XmlText(baseText(block))])
      return element
    })
    doc.getXmlFragment(TEXT_FIELD).insert(0, blocks)
  })
}

export function applyText(doc: Y.Doc, { block, at, text, erase }: TextEdit): void {
  const element = doc.getXmlFragment(TEXT_FIELD).get(block)
  const inside = element instanceof Y.XmlElement ? element.get(0) : undefined
  if (!(inside instanceof Y.XmlText)) throw new Error(`no block ${block}`)
  if (erase > 0) inside.delete(at, erase)
  if (text !== '') inside.insert(at, text)
}

/** As markup: a type of Yjs has a text form of its own. */
export const textOf = (doc: Y.Doc): string => doc.getXmlFragment(TEXT_FIELD).toJSON()
