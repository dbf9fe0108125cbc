import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { excerptOf } from './excerpt.ts'
import { fold } from './fold.ts'
import { parseTerms } from './terms.ts'

const marked = (texts: readonly string[], query: string): string[] => {
  const { excerpt, marks } = excerptOf(texts, parseTerms(query))
  return marks.map(([from, to]) => excerpt.slice(from, to))
}

describe('an excerpt', () => {
  it('marks every match in the original text', () => {
    expect(marked(['Käse und KÄSE, kase'], 'kase')).toEqual(['Käse', 'KÄSE', 'kase'])
    expect(marked(['Straße nach Rom'], 'rom strasse')).toEqual(['Straße', 'Rom'])
    expect(marked(['ﬁre'], 'fi')).toEqual(['ﬁ'])
    expect(marked(['今日は東京の写真'], '東京 写真')).toEqual(['東京', '写真'])
    expect(marked(['서울 각'], '가')).toEqual(['각'])
  })

  it('merges matches that overlap', () => {
    expect(marked(['abcdef'], 'abcd cdef')).toEqual(['abcdef'])
  })

  it('comes from the text that holds most of the terms', () => {
    expect(excerptOf(['only one', 'has one and two'], parseTerms('one two')).excerpt).toBe('has one and two')
  })

  it('is cut between words around the first match', () => {
    const text = `${'before '.repeat(100)}needle${' after'.repeat(100)}`
    const { excerpt, marks } = excerptOf([text], ['needle'])
    expect(excerpt.startsWith('…before ')).toBe(true)
    expect(excerpt.endsWith(' after…')).toBe(true)
    expect(excerpt.length).toBeLessThan(260)
    expect(marks.map(([a, b]) => excerpt.slice(a, b))).toEqual(['needle'])
  })

  it('shows line breaks as blanks, unit for unit', () => {
    expect(excerptOf(['one\ntwo'], ['two'])).toEqual({ excerpt: 'one two', marks: [[4, 7]] })
  })

  it('is empty without text', () => {
    expect(excerptOf([], ['x'])).toEqual({ excerpt: '', marks: [] })
  })

  it('cuts no character in two and marks only what folds to hold the term', () => {
    const part = fc.constantFrom('word ', '👩🏽\u200d🌾', 'e\u0301', '日本', 'ﬁ', '\n', 'ẞ', '🇵🇹')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 200 }), fc.array(part, { maxLength: 200 }), (before, after) => {
        const text = `${before.join('')}NEEDLE${after.join('')}`
        const { excerpt, marks } = excerptOf([text], ['needle'])
        expect(excerpt.isWellFormed()).toBe(true)
        expect(excerpt).not.toMatch(/^…?(?:\u0301|\u200d|\u{1f3fd})/u)
        expect(marks.length).toBe(1)
        for (const [from, to] of marks) expect(fold(excerpt.slice(from, to))).toBe('needle')
      }),
      { numRuns: 300 },
    )
  })
})
