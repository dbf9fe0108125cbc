import { describe, expect, it } from 'vitest'
import { hasCode } from '../../core/errors.ts'
import type { SignedOperation } from './operation.ts'
import { AUTHORITY, begin, roleOf } from './testing/group.ts'
import { acts, commitCid, did, headOf, setOf, type Story } from './testing/story.ts'

function refused(story: Story, wrong: SignedOperation): string {
  const set = setOf(story.all().filter((it) => it !== wrong))
  const before = set.graph.nodes.length
  try {
    set.insert(wrong)
  } catch (error) {
    expect(set.graph.nodes).toHaveLength(before)
    for (const code of ['members.not-allowed', 'members.too-many', 'members.sequence', 'members.parents'])
      if (hasCode(error, code)) return code
    throw error
  }
  return 'none'
}

describe('roles', () => {
  it('come from the authority, through admins', () => {
    const set = setOf(begin().all())
    expect(['owner', 'anna', 'ben', 'wim', 'xia', 'zoe'].map((it) => roleOf(set, it))).toEqual([
      'admin',
      'admin',
      'admin',
      'writer',
      'writer',
      'none',
    ])
    expect(set.state().idle).toEqual([])
    expect(set.state().authority).toBe(did('authority'))
    expect(set.state().successors).toEqual([did('heir')])
  })

  it.each([
    ['a stranger who grants', 'zoe', acts.role('zoe', 'writer')],
    ['a writer who grants', 'wim', acts.role('zoe', 'reader')],
    ['an admin who makes an admin', 'anna', acts.role('wim', 'admin')],
    ['an admin who removes an admin', 'anna', acts.change('ben', 'none')],
    ['an admin who drops an admin’s device', 'anna', acts.drop('ben', [headOf('ben', 0)])],
    ['an admin who freezes an admin', 'anna', acts.void('ben')],
    ['a writer who removes', 'wim', acts.change('xia', 'none')],
    ['a writer who leaves for another', 'wim', acts.leave('xia')],
    ['a writer who adds a device to another', 'wim', acts.device('xia', 'phone')],
    ['a writer who drops another’s device', 'wim', acts.drop('xia', [headOf('xia', 0)])],
    ['a writer who hides', 'wim', acts.hide('post')],
  ])('are not given by %s', (_, author, act) => {
    const story = begin()
    expect(refused(story, story.does(author, act))).toBe('members.not-allowed')
  })

  it.each(['zoe', 'heir'])('are not given by the key of %s, which is not the authority, or not yet', (by) => {
    const story = begin()
    expect(refused(story, story.does('zoe', acts.role('zoe', 'admin'), { by }))).toBe('members.not-allowed')
  })

  it('a removal beats a grant that has not seen it, and not one that has', () => {
    const story = begin()
    const base = story.heads()
    story.does('anna', acts.change('wim', 'none', [headOf('wim', 3)]), { after: base })
    story.does('ben', acts.change('wim', 'writer'), { after: base })
    expect(roleOf(setOf(story.all()), 'wim')).toBe('none')
    story.does('ben', acts.change('wim', 'reader'))
    expect(roleOf(setOf(story.all()), 'wim')).toBe('reader')
  })

  it('of two grants at once the lower holds, until one has seen both', () => {
    const story = begin()
    const base = story.heads()
    story.does('anna', acts.role('zoe', 'reader'), { after: base })
    story.does('ben', acts.role('zoe', 'writer'), { after: base })
    expect(roleOf(setOf(story.all()), 'zoe')).toBe('reader')
    story.does('ben', acts.role('zoe', 'writer'))
    expect(roleOf(setOf(story.all()), 'zoe')).toBe('writer')
  })

  it('two admins who remove two at once remove both', () => {
    const story = begin()
    const base = story.heads()
    story.does('anna', acts.change('wim', 'none'), { after: base })
    story.does('ben', acts.change('xia', 'none'), { after: base })
    const set = setOf(story.all())
    expect([roleOf(set, 'wim'), roleOf(set, 'xia')]).toEqual(['none', 'none'])
  })

  it('an admin who was revoked at the same time has removed, and has granted nothing', () => {
    const story = begin()
    const base = story.heads()
    story.does('owner', acts.change('ben', 'none'), { ...AUTHORITY, after: base })
    const grant = story.does('ben', acts.role('zoe', 'writer'), { after: base })
    const removal = story.does('ben', acts.change('wim', 'none'), { after: [grant] })
    const set = setOf(story.all())
    expect(['ben', 'zoe', 'wim'].map((it) => roleOf(set, it))).toEqual(['none', 'none', 'none'])
    expect(set.state().idle).toEqual([grant.cid])
    // Until the authority cuts what it had not seen.
    story.does('owner', acts.cut('ben'), {
      ...AUTHORITY,
      after: story.heads().filter((it) => it !== removal),
    })
    const after = setOf(story.all())
    expect(['ben', 'zoe', 'wim'].map((it) => roleOf(after, it))).toEqual(['none', 'none', 'writer'])
  })

  it('what a revocation has seen stays', () => {
    const story = begin()
    story.does('ben', acts.role('zoe', 'writer'))
    story.does('owner', acts.change('ben', 'none'), AUTHORITY)
    expect(roleOf(setOf(story.all()), 'zoe')).toBe('writer')
  })

  it('an admin who acts as if not told does not remove who became admin', () => {
    const story = begin()
    const base = story.heads()
    story.does('owner', acts.change('wim', 'admin'), { ...AUTHORITY, after: base })
    story.does('anna', acts.change('wim', 'none'), { after: base })
    story.does('ben', acts.drop('wim', [headOf('wim', 0)]), { after: base })
    expect(roleOf(setOf(story.all()), 'wim')).toBe('admin')
    // Without the admin's role, what the admins did holds.
    story.does('owner', acts.change('wim', 'writer'), { ...AUTHORITY, after: story.heads().slice(0, 1) })
    expect(roleOf(setOf(story.all()), 'wim')).toBe('none')
  })
})

describe('devices of a person', () => {
  it('have the person’s role, and outlive the first', () => {
    const story = begin()
    story.does('wim', acts.device('wim', 'phone'))
    story.does('phone', acts.drop('wim', [headOf('wim', 2)]))
    story.does('anna', acts.change('wim', 'reader', [headOf('phone', 1)]))
    const set = setOf(story.all())
    expect([roleOf(set, 'wim'), roleOf(set, 'phone')]).toEqual(['none', 'reader'])
    expect(set.state().frozen.get(did('wim'))?.commit).toBe(commitCid('wim 2'))
  })

  it('that drop one another are both out; an admin lets one in anew', () => {
    const story = begin()
    story.does('wim', acts.device('wim', 'phone'))
    const base = story.heads()
    story.does('wim', acts.drop('wim', [headOf('phone', 0)]), { after: base })
    story.does('phone', acts.drop('wim', [headOf('wim', 0)]), { after: base })
    const set = setOf(story.all())
    expect([roleOf(set, 'wim'), roleOf(set, 'phone')]).toEqual(['none', 'none'])
    story.does('anna', acts.role('phone', 'writer'))
    const after = setOf(story.all())
    expect([roleOf(after, 'wim'), roleOf(after, 'phone')]).toEqual(['none', 'writer'])
  })

  it('that was dropped adds none as if not told', () => {
    const story = begin()
    story.does('wim', acts.device('wim', 'phone'))
    const base = story.heads()
    story.does('wim', acts.drop('wim', [headOf('phone', 0)]), { after: base })
    story.does('phone', acts.device('wim', 'tablet'), { after: base })
    expect(roleOf(setOf(story.all()), 'tablet')).toBe('none')
  })
})

describe('the authority', () => {
  it('passes to a named successor; what the claim has not seen is nothing', () => {
    const story = begin()
    const base = story.heads()
    story.does('owner', acts.role('thief', 'admin'), { ...AUTHORITY, after: base })
    story.does('attic', acts.succeed(), { by: 'heir', after: base })
    story.does('attic', acts.role('zoe', 'admin'), { by: 'heir' })
    const set = setOf(story.all())
    expect(['anna', 'thief', 'zoe'].map((it) => roleOf(set, it))).toEqual(['admin', 'none', 'admin'])
    expect(set.state().authority).toBe(did('heir'))
    expect(refused(story, story.does('owner', acts.role('yan', 'admin'), AUTHORITY))).toBe(
      'members.not-allowed',
    )
  })

  // The time makes other CIDs, so that no luck with these decides.
  it.each([0, 1, 2, 3, 4, 5, 6, 7])('is not taken back by naming another (%i)', (at) => {
    const story = begin()
    const base = story.heads()
    story.does('thief', acts.successor('pal'), { ...AUTHORITY, after: base, at })
    story.does('thief', acts.succeed(), { by: 'pal', at })
    story.does('attic', acts.succeed(), { by: 'heir', after: base })
    expect(setOf(story.all()).state().authority).toBe(did('heir'))
  })

  it('goes to who was named in between, when the first was named again after', () => {
    const story = begin()
    const niece = story.does('owner', acts.successor('niece'), AUTHORITY)
    const again = story.does('owner', acts.successor('heir'), AUTHORITY)
    story.does('attic', acts.succeed(), { by: 'heir', after: [again] })
    expect(setOf(story.all()).state().authority).toBe(did('heir'))
    story.does('cellar', acts.succeed(), { by: 'niece', after: [niece] })
    expect(setOf(story.all()).state().authority).toBe(did('niece'))
  })

  it('is not claimed by who was replaced and was told', () => {
    const story = begin()
    story.does('owner', acts.successor('niece'), AUTHORITY)
    expect(refused(story, story.does('attic', acts.succeed(), { by: 'heir' }))).toBe('members.not-allowed')
  })
})

it('an item is hidden by an admin until one who saw that shows it', () => {
  const story = begin()
  const base = story.heads()
  story.does('anna', acts.hide('post'), { after: base })
  story.does('ben', acts.hide('post', false), { after: base })
  expect(setOf(story.all()).state().hidden).toEqual(['post'])
  story.does('ben', acts.hide('post', false))
  expect(setOf(story.all()).state().hidden).toEqual([])
})

it('a fork is reported and both sides count', () => {
  const story = begin()
  const base = story.heads()
  story.does('anna', acts.role('yan', 'reader'), { after: base })
  story.does('anna', acts.role('zoe', 'reader'), { after: base })
  const set = setOf(story.all())
  expect([roleOf(set, 'yan'), roleOf(set, 'zoe')]).toEqual(['reader', 'reader'])
  const [fork] = set.forks()
  expect([fork?.author, fork?.seq, fork?.operations.length]).toEqual([did('anna'), 2, 2])
})

describe('an operation has its place', () => {
  it.each([1, 3])('with the next number, not %i', (seq) => {
    const story = begin()
    expect(refused(story, story.does('anna', acts.hide('a'), { seq }))).toBe('members.sequence')
  })

  it('and a member makes a bounded number', () => {
    const story = begin()
    for (let n = 0; n < 128; n++) {
      story.does('wim', acts.device('wim', `device ${n}`))
      story.does('wim', acts.drop('wim', [headOf(`device ${n}`, 0)]))
    }
    expect(refused(story, story.does('wim', acts.leave('wim')))).toBe('members.too-many')
  })
})
