import { isRun, type TextElement, type TextNode, type TextRun } from './tree.ts'

/**
 * A note as CommonMark: headings, lists, quotes, code, rules; bold, italic, struck, code and links in text. Characters
 * that would mean something are escaped, so it reads back as what was written. An element of a kind that is not known
 * is shown by what is in it.
 */
export function toMarkdown(tree: readonly TextElement[]): string {
  const text = blocks(tree)
  return text === '' ? '' : `${text}\n`
}

const blocks = (nodes: readonly TextNode[]): string => nodes.map(block).join('\n\n')

function block(node: TextNode): string {
  if (isRun(node)) return inline([node])
  const { type, attrs, children } = node
  switch (type) {
    case 'paragraph':
      return escapeStart(inline(children))
    case 'heading': {
      const level =
        typeof attrs['level'] === 'number' ? Math.min(Math.max(Math.trunc(attrs['level']), 1), 6) : 1
      return `${'#'.repeat(level)} ${inline(children).replaceAll('\n', ' ')}`
    }
    case 'bulletList':
      return list(children, () => '- ')
    case 'orderedList': {
      const start = typeof attrs['start'] === 'number' ? Math.max(Math.trunc(attrs['start']), 0) : 1
      return list(children, (at) => `${start + at}. `)
    }
    case 'blockquote':
      return prefix(blocks(children), '> ', '> ')
    case 'codeBlock':
      return fence(rawText(children), typeof attrs['language'] === 'string' ? attrs['language'] : '')
    case 'horizontalRule':
      return '---'
    default:
      return children.every((child) => isRun(child) || child.type === 'hardBreak')
        ? inline(children)
        : blocks(children)
  }
}

function list(items: readonly TextNode[], marker: (at: number) => string): string {
  const isTight = items.every((item) => !isRun(item) && item.children.length <= 1)
  return items
    .map((item, at) => {
      const mark = marker(at)
      return prefix(isRun(item) ? block(item) : itemText(item), mark, ' '.repeat(mark.length))
    })
    .join(isTight ? '\n' : '\n\n')
}

/** A list within an item stands right below its text. */
function itemText(item: TextElement): string {
  return item.children
    .map((child, at) => {
      const isList = !isRun(child) && (child.type === 'bulletList' || child.type === 'orderedList')
      return `${at === 0 ? '' : isList ? '\n' : '\n\n'}${block(child)}`
    })
    .join('')
}

const prefix = (text: string, first: string, others: string): string =>
  text
    .split('\n')
    .map((line, at) => (at === 0 ? first : line === '' ? others.trimEnd() : others) + line)
    .join('\n')

function fence(code: string, language: string): string {
  const ticks = '`'.repeat(Math.max(3, longestRun(code) + 1))
  return `${ticks}${language.replace(/[^\w+#.-]/g, '')}\n${code}\n${ticks}`
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))
}

const rawText = (nodes: readonly TextNode[]): string =>
  nodes
    .map((node) => (isRun(node) ? node.text : node.type === 'hardBreak' ? '\n' : rawText(node.children)))
    .join('')

function inline(nodes: readonly TextNode[]): string {
  return nodes
    .map((node) => {
      if (isRun(node)) return run(node)
      return node.type === 'hardBreak' ? '\\\n' : inline(node.children)
    })
    .join('')
}

/** Marks from the inside out. White space at the ends stays outside, or the marks would not read as such. */
function run({ text, marks }: TextRun): string {
  const [, before = '', core = '', after = ''] = /^(\s*)([\s\S]*?)(\s*)$/.exec(text) ?? []
  if (core === '') return text
  let marked = 'code' in marks ? codeSpan(core) : escapeText(core)
  if ('strike' in marks) marked = `~~${marked}~~`
  if ('italic' in marks) marked = `*${marked}*`
  if ('bold' in marks) marked = `**${marked}**`
  const href = marks['link']?.['href']
  if (typeof href === 'string') marked = `[${marked}](${escapeAddress(href)})`
  return before + marked + after
}

function codeSpan(text: string): string {
  const ticks = '`'.repeat(longestRun(text) + 1)
  const pad = text.startsWith('`') || text.endsWith('`') ? ' ' : ''
  return `${ticks}${pad}${text}${pad}${ticks}`
}

const escapeText = (text: string): string =>
  text.replace(/[\\`*_[\]<>~]/g, '\\$&').replace(/&(?=[#\w]+;)/g, '\\&')

/** What would make a line a heading, a list, a rule or a quote at its start. */
const escapeStart = (text: string): string =>
  text
    .replace(/^(#{1,6}|[-+]|=+)(?=\s|$)/gm, '\\$1')
    .replace(/^(\d{1,9})([.)])(?=\s|$)/gm, '$1\\$2')
    .replace(/^(-{3,})$/gm, '\\$1')

const escapeAddress = (href: string): string =>
  `<${href.replace(/[<>\\\s]/g, (char) => encodeURIComponent(char))}>`
