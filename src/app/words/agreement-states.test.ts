import { describe, expect, it } from 'vitest'
import { AGREEMENTS } from '../testing/story-network.ts'
import { agreementSentences, agreementTerms } from './agreement-states.ts'
import { whyRelayed } from './net.ts'

const said = (id: string) => {
  const agreement = AGREEMENTS.find((each) => each.id === id)
  if (agreement === undefined) throw new Error(id)
  return agreementSentences(agreement, 'Tove', (did) => did.slice(8, 12)).join(' ')
}

describe('agreements in sentences', () => {
  it.each([
    ['incoming', 'They offer to keep oky5 for you, and ask you to keep l3ro for them.'],
    ['active', 'They keep ewvi for you, and you keep ragt for them.'],
    ['offered', 'You asked them to keep ewvi for you. It reaches Tove when both of you are online.'],
    ['refused', /They have as many agreements as they take for now\. They are asked again/],
    ['purged', 'They kept oky5 for you. You ended it. They deleted their copy.'],
    ['ended', /Tove ended it\. They keep their copy nevertheless\./],
  ])('%s', (id, expected) => {
    if (typeof expected === 'string') expect(said(id)).toBe(expected)
    else expect(said(id)).toMatch(expected)
  })

  it('says the terms', () => {
    const [first] = AGREEMENTS
    expect(first === undefined ? '' : agreementTerms({ ...first, minCopies: 1, intervalSec: 90 })).toBe(
      'At least 1 copy, looked at every 2 min, priority 50 of 100.',
    )
  })

  it('has a sentence for every reason of a relayed connection', () => {
    const sentences = [
      undefined,
      'relay-only',
      'no-webrtc',
      'peer-no-webrtc',
      'ice-failed',
      'new',
      'toString',
    ].map(whyRelayed)
    for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z].*\.$/)
    expect(new Set(sentences).size).toBe(6)
  })
})
