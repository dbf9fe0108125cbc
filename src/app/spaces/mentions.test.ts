import { describe, expect, it } from 'vitest'
import type { SpacePerson } from '../../cairn/api.ts'
import { matching, mentionAt, mentioned, textSegments } from './mentions.ts'

const person = (name: string, isSelf = false): SpacePerson => ({
  person: `did:key:${name}`,
  name,
  picture: undefined,
  role: 'writer',
  isSelf,
  isOwner: false,
  devices: [],
  via: undefined,
  account: undefined,
  repos: [],
  keeps: [],
})
const ANA = person('Ana')
const ANABEL = person('Anabel Núñez')
const JUN = person('Jun (tenor)')
const ALL = [ANA, ANABEL, JUN, person('Anna Self', true)]

describe('mentions', () => {
  it('begin at an @ after a space, and end where the sentence goes on', () => {
    expect(mentionAt('Hello @an', 9)).toEqual({ at: 6, text: 'an' })
    expect(mentionAt('@', 1)).toEqual({ at: 0, text: '' })
    expect(mentionAt('@Anabel Nu', 10)).toEqual({ at: 0, text: 'Anabel Nu' })
    expect(mentionAt('mail@example', 12)).toBeUndefined()
    expect(mentionAt('@Ana will you bring the lamps', 29)).toBeUndefined()
    expect(mentionAt('@ana\nnext', 9)).toBeUndefined()
  })

  it('find people whatever their accents, and never oneself', () => {
    expect(matching(ALL, 'an', 8)).toEqual([ANA, ANABEL])
    expect(matching(ALL, 'nunez', 8)).toEqual([ANABEL])
    expect(matching(ALL, '', 2)).toHaveLength(2)
  })

  it('tell who is named, and not who is only part of a name', () => {
    expect(mentioned('@Anabel Núñez and @jun (tenor), please', ALL)).toEqual([ANABEL.person, JUN.person])
    expect(mentioned('@Anabel', ALL)).toEqual([])
    expect(mentioned('see @ana.', ALL)).toEqual([ANA.person])
  })

  it('split a text at names and web addresses, with nothing lost', () => {
    const text = 'Ask @Jun (tenor): https://example.org/a(b). Fine'
    const parts = textSegments(text, [JUN.person], () => 'Jun (tenor)')
    expect(parts.map((part) => part.text).join('')).toBe(text)
    expect(parts[1]).toEqual({ text: '@Jun (tenor)', person: JUN.person })
    expect(parts[3]).toEqual({ text: 'https://example.org/a(b', link: 'https://example.org/a(b' })
    expect(textSegments('javascript:alert(1)', [], () => '')).toEqual([{ text: 'javascript:alert(1)' }])
  })
})
