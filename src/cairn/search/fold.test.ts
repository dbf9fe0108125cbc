import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold, foldMapped } from './fold.ts'

describe('folding', () => {
  it.each([
    ['Straße', 'strasse'],
    ['CRÈME Brûlée', 'creme brulee'],
    ['Cre\u0301me', 'creme'],
    ['ﬁne œuvre ÆTHERISK', 'fine oeuvre aetherisk'],
    ['İstanbul ΟΔΟΣ', 'istanbul οδοσ'],
    ['Ｆｕｌｌ　ｗｉｄｔｈ', 'full width'],
    ['don’t “quote”', 'don\'t "quote"'],
    ['a\n\t b\u00a0c', 'a b c'],
    ['co\u00adoperate\u200b', 'cooperate'],
    ['ｶﾞ', 'カ\u3099'],
    ['مُحَمَّد', 'محمد'],
    ['Ещё', 'еще'],
    ['👩\u200d🌾', '👩🌾'],
    ['हिन्दी', 'हिन्दी'],
    ['', ''],
  ])('%j becomes %j', (text, folded) => {
    expect(fold(text)).toBe(folded)
  })

  it('tells voiced kana from plain ones', () => {
    expect(fold('がき')).not.toBe(fold('かき'))
  })

  it('changes nothing the second time, and leaves no character that parts texts', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const folded = fold(text)
        expect(fold(folded)).toBe(folded)
        expect(folded).not.toMatch(/\p{Cc}/u)
      }),
      { numRuns: 500 },
    )
  })

  it('does not depend on how accents are encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (text) => {
        expect(fold(text.normalize('NFD'))).toBe(fold(text.normalize('NFC')))
      }),
    )
  })
})

describe('mapped folding', () => {
  it('gives what folding the whole gives, with pieces in order that cover each unit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
        const { folded, from, to } = foldMapped(text)
        expect(folded).toBe(fold(text))
        let last = 0
        for (let i = 0; i < folded.length; i++) {
          const a = from[i] ?? -1
          const b = to[i] ?? -1
          expect(a).toBeGreaterThanOrEqual(last)
          expect(b).toBeGreaterThan(a)
          expect(b).toBeLessThanOrEqual(text.length)
          last = a
        }
      }),
      { numRuns: 500 },
    )
  })

  it('maps a ligature, an accent and a wide emoji back to all of it', () => {
    const text = 'a ﬁre cafe\u0301 👩🏽\u200d🌾!'
    const { folded, from, to } = foldMapped(text)
    const original = (part: string): string => {
      const at = folded.indexOf(part)
      return text.slice(from[at], to[at + part.length - 1])
    }
    expect(original('ire')).toBe('ﬁre')
    expect(original('cafe')).toBe('cafe\u0301')
    expect(original('!')).toBe('!')
    expect(original('👩')).toBe('👩')
  })
})
