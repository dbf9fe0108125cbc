import { describe, expect, it } from 'vitest'
import { segments } from './facets.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text).length
const facet = (byteStart: unknown, byteEnd: unknown, feature: unknown) => ({
  index: { byteStart, byteEnd },
  features: [feature],
})
const link = (uri: string) => ({ $type: 'app.bsky.richtext.facet#link', uri })
const join = (text: string, facets: readonly unknown[]) =>
  segments(text, facets)
    .map((part) => part.text)
    .join('')

describe('facets', () => {
  it('counts UTF-8 bytes, not characters', () => {
    const text = 'héllo 👋🏽 @ána see example.org'
    const start = bytesOf('héllo 👋🏽 ')
    const found = segments(text, [
      facet(bytesOf('héllo 👋🏽 @ána see '), bytesOf(text), link('https://example.org/')),
      facet(start, start + bytesOf('@ána'), { $type: 'app.bsky.richtext.facet#mention', did: 'did:plc:ana' }),
    ])
    expect(found).toEqual([
      { text: 'héllo 👋🏽 ' },
      { text: '@ána', mention: 'did:plc:ana' },
      { text: ' see ' },
      { text: 'example.org', link: 'https://example.org/' },
    ])
  })

  it('leaves text alone where a facet makes no sense, and never loses a character', () => {
    const text = 'añb 👋 c'
    const strange: unknown[] = [
      facet(2, 4, link('https://in-the-middle.example')),
      facet(-1, 2, link('https://x.example')),
      facet(3, 3, link('https://x.example')),
      facet(0, 500, link('https://x.example')),
      facet(0, 1, link('javascript:alert(1)')),
      facet(0, 1, { $type: 'other' }),
      facet('0', '1', link('https://x.example')),
      facet(0.5, 1, link('https://x.example')),
      null,
      7,
      { index: {}, features: 5 },
    ]
    expect(segments(text, strange)).toEqual([{ text }])
    expect(segments('', strange)).toEqual([])
  })

  it('keeps the first of two that overlap', () => {
    const found = segments('abcdef', [
      facet(0, 4, link('https://a.example')),
      facet(2, 6, link('https://b.example')),
    ])
    expect(found.map((part) => part.text)).toEqual(['abcd', 'ef'])
    expect(join('abcdef', Array(1_000).fill(facet(0, 1, link('https://a.example'))))).toBe('abcdef')
  })
})
