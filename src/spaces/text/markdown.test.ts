import * as Y from 'yjs'
import { describe, expect, it } from 'vitest'
import { toMarkdown } from './markdown.ts'
import { plainText, readTree, type TextElement, type TextNode, type TextRun, type TreeValue } from './tree.ts'
import { readVersion, writeVersion } from './version.ts'

const run = (text: string, marks: TextRun['marks'] = {}): TextRun => ({ text, marks })
const el = (
  type: string,
  children: readonly TextNode[] = [],
  attrs: Record<string, TreeValue> = {},
): TextElement => ({
  type,
  attrs,
  children,
})
const p = (...children: TextNode[]) => el('paragraph', children)
const item = (...children: TextNode[]) => el('listItem', children)

describe('a note as Markdown', () => {
  it.each<[string, TextElement[], string]>([
    ['nothing', [], ''],
    ['paragraphs', [p(run('one')), p(run('two'))], 'one\n\ntwo\n'],
    ['a heading', [el('heading', [run('Lime')], { level: 3 })], '### Lime\n'],
    ['a heading of no level', [el('heading', [run('Lime')], { level: 99 })], '###### Lime\n'],
    [
      'marks',
      [p(run('a ', { bold: {} }), run('b', { italic: {} }), run('c', { strike: {} }))],
      '**a** *b*~~c~~\n',
    ],
    [
      'all marks',
      [p(run('x', { bold: {}, italic: {}, link: { href: 'https://a.example/ (b)' } }))],
      '[***x***](<https://a.example/%20(b)>)\n',
    ],
    ['code', [p(run('a`b', { code: {} }), run(' and '), run('`', { code: {} }))], '``a`b`` and `` ` ``\n'],
    [
      'a code block',
      [el('codeBlock', [run('x = `1`\n```')], { language: 'js`x' })],
      '````jsx\nx = `1`\n```\n````\n',
    ],
    ['a break', [p(run('a'), el('hardBreak'), run('b'))], 'a\\\nb\n'],
    ['a rule', [p(run('a')), el('horizontalRule')], 'a\n\n---\n'],
    ['a list', [el('bulletList', [item(p(run('a'))), item(p(run('b')))])], '- a\n- b\n'],
    [
      'a numbered list',
      [el('orderedList', [item(p(run('a'))), item(p(run('b')))], { start: 9 })],
      '9. a\n10. b\n',
    ],
    [
      'a list in a list',
      [el('bulletList', [item(p(run('a')), el('orderedList', [item(p(run('b')))])), item(p(run('c')))])],
      '- a\n  1. b\n\n- c\n',
    ],
    ['a quote', [el('blockquote', [p(run('a')), p(run('b'))])], '> a\n>\n> b\n'],
    [
      'what only looks like Markdown',
      [p(run('# *x* [y](z) <b> 1_2 \\ ~~a~~ `c` &amp;'))],
      '\\# \\*x\\* \\[y\\](z) \\<b\\> 1\\_2 \\\\ \\~\\~a\\~\\~ \\`c\\` \\&amp;\n',
    ],
    [
      'what only looks like a list',
      [p(run('- a')), p(run('1. b')), p(run('+ c'))],
      '\\- a\n\n1\\. b\n\n\\+ c\n',
    ],
    ['an element of another version', [el('callout', [p(run('a'))])], 'a\n'],
  ])('%s', (_, tree, expected) => {
    expect(toMarkdown(tree)).toBe(expected)
  })

  it('is read from a document, with what stands nowhere left out', () => {
    const doc = new Y.Doc()
    const fragment = doc.getXmlFragment('note')
    const text = new Y.XmlText('plain and bold')
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [text])
    fragment.insert(0, [new Y.XmlText('nowhere'), paragraph])
    text.format(10, 4, { bold: {}, __proto__: null })
    text.insertEmbed(0, new Y.XmlElement('paragraph'))
    expect(toMarkdown(readTree(fragment))).toBe('plain and **bold**\n')
    expect(plainText(readTree(fragment))).toBe('plain and bold')
  })

  it('ends at a depth, not at the end of a stack', () => {
    const doc = new Y.Doc()
    let at: Y.XmlFragment = doc.getXmlFragment('note')
    for (let depth = 0; depth < 3000; depth++) {
      const next = new Y.XmlElement('blockquote')
      at.insert(0, [next])
      at = next
    }
    expect(toMarkdown(readTree(doc.getXmlFragment('note')))).toMatch(/^> /)
  })
})

describe('a version', () => {
  const tree = [
    el('heading', [run('Lime')], { level: 2 }),
    p(run('x', { link: { href: 'https://a.example/' } })),
  ]

  it('is read as it was written', () => {
    const value = writeVersion({ at: 5, tree })
    expect(readVersion(value ?? new Uint8Array())).toEqual({ at: 5, tree })
  })

  it('is none when it is too large', () => {
    expect(writeVersion({ at: 5, tree: [p(run('x'.repeat(256 * 1024)))] })).toBeUndefined()
  })

  it.each<[string, unknown]>([
    ['no list', {}],
    ['text alone', [run('x')]],
    ['no children', [{ type: 'paragraph', attrs: {} }]],
    ['a list as attributes', [{ type: 'paragraph', attrs: [], children: [] }]],
    ['a list as a value', [{ type: 'paragraph', attrs: { a: [] }, children: [] }]],
    ['another name', [{ type: 'a b', attrs: {}, children: [] }]],
    ['an empty run', [p(run(''))]],
    ['too deep', [Array.from({ length: 80 }).reduce<TextElement>((inner) => el('blockquote', [inner]), p())]],
  ])('is refused: %s', (_, content) => {
    const value = writeVersion({ at: 5, tree: content as TextElement[] })
    expect(() => readVersion(value ?? new Uint8Array())).toThrow(/text\.malformed/)
  })
})
