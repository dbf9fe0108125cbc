import { describe, expect, it } from 'vitest'
import { createPrng } from '../../repo/testing/prng.ts'
import type { SignedOperation } from './operation.ts'
import type { OperationSet } from './set.ts'
import { AUTHORITY, begin, roleOf } from './testing/group.ts'
import { EVERYBODY, grow } from './testing/grow.ts'
import { close, join, link } from './testing/letters.ts'
import { acts, did, headOf, setOf, type Story } from './testing/story.ts'

const cidsOf = (list: readonly SignedOperation[]): string[] => list.map((it) => it.cid)

/** What somebody with these operations is told; in the order of `story`. */
function told(story: Story, name: string, have: readonly SignedOperation[]): string[] | undefined {
  const ending = setOf(story.all()).endingOf(did(name), cidsOf(have))
  return ending === undefined ? undefined : [...ending]
}

/** What somebody may do by a set: a role, or to wait for an answer. */
const standing = (set: OperationSet, name: string): string => {
  const waits = set.state().asks.some(({ device }) => device === did(name))
  return waits ? 'asks' : roleOf(set, name)
}

/** These and all before them. */
function pastOf(all: readonly SignedOperation[], of: readonly SignedOperation[]): Set<string> {
  const past = new Set(cidsOf(of))
  for (const { cid, operation } of all.toReversed())
    if (past.has(cid)) for (const it of operation.parents) past.add(it)
  return past
}

/** What a set says of somebody who has `have` and its ancestors, and what was told. */
function after(story: Story, have: readonly SignedOperation[], more: readonly string[]) {
  const known = story.past(have)
  return setOf(story.all().filter((it) => known.has(it.cid) || more.includes(it.cid)))
}

describe('who was removed is told', () => {
  it('the removal and what it follows, and nothing that came later', () => {
    const story = begin()
    const before = story.heads()
    const hidden = story.does('anna', acts.hide('post'))
    const removal = story.does('anna', acts.change('wim', 'none'))
    story.does('ben', acts.role('yan', 'writer'))
    const later = story.does('anna', acts.hide('other'))
    expect(told(story, 'wim', before)).toEqual(cidsOf([hidden, removal]))
    expect(roleOf(after(story, before, cidsOf([hidden, removal])), 'wim')).toBe('none')
    // Who knows of it is told nothing, and neither is anybody who has access, or never had.
    expect(told(story, 'wim', [removal])).toEqual([])
    expect(told(story, 'xia', before)).toBeUndefined()
    expect(told(story, 'zoe', before)).toBeUndefined()
    expect(told(story, 'wim', [later])).toEqual([])
  })

  it('what a device needs that holds nothing any more', () => {
    const story = begin()
    const removal = story.does('anna', acts.change('wim', 'none'))
    story.does('ben', acts.hide('post'))
    const all = told(story, 'wim', []) ?? []
    expect(new Set(all)).toEqual(story.past([removal]))
    expect(roleOf(after(story, [], all), 'wim')).toBe('none')
  })

  it.each<[string, string, (story: Story) => void]>([
    ['dropped', 'phone', (story) => story.does('wim', acts.drop('wim', [headOf('phone', 0)]))],
    ['left', 'wim', (story) => story.does('wim', acts.leave('wim'))],
    ['cut with who let it in', 'yan', (story) => story.does('owner', acts.cut(did('ben')), AUTHORITY)],
  ])('when it was %s', (_, who, end) => {
    const story = begin()
    story.does('wim', acts.device('wim', 'phone'))
    const apart = story.heads()
    const grant = story.does('ben', acts.role('yan', 'writer'))
    const before = story.heads()
    if (who === 'yan')
      story.does('owner', { kind: 'cut', body: { devices: [did('ben')] } }, { ...AUTHORITY, after: apart })
    else end(story)
    expect(roleOf(setOf(story.all()), who)).toBe('none')
    const more = told(story, who, before) ?? expect.fail()
    expect(more).toHaveLength(1)
    expect(more).not.toContain(grant.cid)
    expect(roleOf(after(story, before, more), who)).toBe('none')
  })

  it('by whose fall a grant was lost', () => {
    const story = begin()
    const apart = story.heads()
    const grant = story.does('ben', acts.role('yan', 'writer'))
    const fall = story.does('owner', acts.change('ben', 'none'), { ...AUTHORITY, after: apart })
    story.does('anna', acts.hide('post'))
    expect(told(story, 'yan', [grant])).toEqual([fall.cid])
  })
})

describe('who has a link that lets in no more is told', () => {
  it('its closing; with a join of theirs, too', () => {
    const story = begin()
    const gate = story.does('anna', link('anna', 'gate'))
    const came = story.does('kim', join('kim', 'gate'), { after: [gate] })
    const closing = story.does('anna', close('anna', 'gate'), { after: [gate] })
    story.does('anna', acts.hide('post'))
    expect(told(story, 'kim', [came])).toEqual([closing.cid])
    expect(new Set(told(story, 'gate', []))).toEqual(story.past([closing]))
    expect(told(story, 'gate', [closing])).toEqual([])
    expect(told(story, 'bell', [])).toBeUndefined()
  })

  it('who came before them', () => {
    const story = begin()
    const gate = story.does('anna', link('anna', 'gate', { uses: 2 }))
    const came = story.does('kim', join('kim', 'gate', 5), { after: [gate] })
    const others = ['lee', 'mo'].map((it) => story.does(it, join(it, 'gate', 1), { after: [gate] }))
    story.does('anna', acts.hide('post'))
    expect(new Set(told(story, 'kim', [came]))).toEqual(new Set(cidsOf(others)))
    expect(new Set(told(story, 'gate', [gate]))).toEqual(new Set(cidsOf(others)))
  })

  it('the link itself, where time alone ended it', () => {
    const story = begin()
    const gate = story.does('anna', link('anna', 'gate'))
    story.does('anna', acts.hide('post'))
    expect(new Set(told(story, 'gate', []))).toEqual(story.past([gate]))
  })
})

describe('who was declined is told', () => {
  it('by which operation, and who still waits nothing', () => {
    const story = begin()
    const gate = story.does('anna', link('anna', 'gate', { approval: true, uses: 1 }))
    const came = story.does('kim', join('kim', 'gate'), { after: [gate] })
    const closing = story.does('anna', close('anna', 'gate', [came], 'used-up'))
    expect(told(story, 'kim', [came])).toBeUndefined()
    const no = story.does('anna', acts.change('kim', 'none'))
    story.does('anna', acts.hide('post'))
    expect(told(story, 'kim', [came])).toEqual([closing.cid, no.cid])
    expect(standing(after(story, [came], [closing.cid]), 'kim')).toBe('asks')
    expect(standing(after(story, [came], [closing.cid, no.cid]), 'kim')).toBe('none')
  })
})

it('in whatever history: it ends there, with its ancestors, and by no more than is needed', () => {
  let ended = 0
  for (let seed = 0; seed < 300; seed++) {
    const prng = createPrng(`endings ${seed}`)
    const { all } = grow(prng, 40)
    const set = setOf(all)
    const have = all.slice(0, 1 + prng.int(all.length))
    const known = setOf(have)
    for (const name of EVERYBODY) {
      if (standing(known, name) === 'none' || standing(set, name) !== 'none') continue
      const ending = set.endingOf(did(name), cidsOf(have)) ?? expect.fail(`${seed} ${name}`)
      const told = all.filter((it) => ending.includes(it.cid))
      expect(cidsOf(told)).toEqual(ending)
      // Parents first: each enters as it comes.
      const learned = setOf([...have, ...told])
      expect(standing(learned, name)).toBe('none')
      const parts = told.filter((it) => !told.some((other) => other.operation.parents.includes(it.cid)))
      for (const spared of parts) {
        const others = pastOf(
          all,
          parts.filter((it) => it !== spared),
        )
        const less = told.filter((it) => others.has(it.cid))
        expect(standing(setOf([...have, ...less]), name), 'without one of them').not.toBe('none')
      }
      ended++
    }
  }
  expect(ended).toBeGreaterThan(30)
})
