import { describe, expect, it } from 'vitest'
import { parseTerms } from './terms.ts'

describe('a query', () => {
  it.each([
    ['', []],
    ['   "" ', []],
    ['Käse', ['kase']],
    ['two words', ['words', 'two']],
    ['"Two  Words" x', ['two words', 'x']],
    ['„Zwei Wörter“', ['zwei worter']],
    ['"not closed yet', ['not closed yet']],
    ['the then', ['then']],
    ['same SAME', ['same']],
    ['東京 写真', ['写真', '東京']],
    ['don’t', ["don't"]],
  ])('%j means %j', (text, terms) => {
    expect(parseTerms(text)).toEqual(terms)
  })

  it('is bounded', () => {
    const terms = parseTerms(Array.from({ length: 5000 }, (_, i) => `w${i}x`).join(' '))
    expect(terms.length).toBe(16)
  })
})
