import * as Y from 'yjs'
import { expect, it } from 'vitest'
import { createNoteText } from '../../spaces/text/note-text.ts'
import { readVersion, writeVersion } from '../../spaces/text/version.ts'
import { parseTree, treeOf, updateOf } from './note-tree.ts'

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))

it('what a record may hold, and no editor writes, keeps no export from being imported', () => {
  const text = createNoteText({ note: 'plan', device: 'did:key:zAna', random })
  const { client } = text.open()
  const doc = new Y.Doc()
  doc.clientID = client
  doc.transact(() => {
    const element = new Y.XmlElement('mood--a=')
    const run = new Y.XmlText()
    run.insert(0, 'words', {
      link: { href: 'https://a.example/\ud800', 'no name': 'x', ['n'.repeat(40)]: 1 },
    })
    element.insert(0, [run])
    element.setAttribute('level--b=', Number.NaN as unknown as string)
    element.setAttribute('kind--c=', 'calm')
    doc.getXmlFragment('note').insert(0, [element])
  })
  text.typed(Y.encodeStateAsUpdate(doc), 0)
  const tree = treeOf(text.state())
  expect(tree).toEqual([
    {
      ...{ type: 'mood', attrs: { kind: 'calm', level: null } },
      children: [{ text: 'words', marks: { link: { href: 'https://a.example/\ufffd' } } }],
    },
  ])
  expect(parseTree(JSON.stringify(tree), 'plan.json')).toEqual(tree)
  expect(treeOf(updateOf(tree, 7))).toEqual(tree)
  // nor this device from keeping versions of it
  expect(readVersion(writeVersion({ at: 1, tree }) ?? new Uint8Array()).tree).toEqual(tree)
})
