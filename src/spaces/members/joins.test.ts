import { describe, expect, it } from 'vitest'
import type { Act } from './model.ts'
import type { SignedOperation } from './operation.ts'
import { AUTHORITY, begin, commit, roleOf } from './testing/group.ts'
import { close, join, joinId, link } from './testing/letters.ts'
import { acts, did, headOf, setOf, type Story } from './testing/story.ts'

/** A group with a link by an admin, as operation `gate`. */
function withLink(more: Parameters<typeof link>[2] = {}): {
  readonly story: Story
  readonly gate: SignedOperation
} {
  const story = begin()
  const gate = story.does('anna', link('anna', 'gate', more))
  return { story, gate }
}

function refusal(story: Story, wrong: SignedOperation): string {
  const set = setOf(story.all().filter((it) => it !== wrong))
  try {
    set.insert(wrong)
    return 'none'
  } catch (error) {
    return `${(error as { code: string }).code} ${String((error as { fields: { reason?: string } }).fields.reason)}`
  }
}

const linkState = (story: Story) => setOf(story.all()).state().links[0] ?? expect.fail()
const because = (story: Story) => linkState(story).ignored.map((it) => it.because)

describe('a join', () => {
  it('lets in a new person with the role of the link, and no admin is there', () => {
    const { story, gate } = withLink()
    const came = story.does('kim', join('kim', 'gate'))
    const set = setOf(story.all())
    const { persons, links, asks, idle, heads } = set.state()
    expect(persons.get(did('kim'))).toEqual({ role: 'writer', devices: [did('kim')], via: gate.cid })
    expect(persons.get(did('wim'))?.via).toBeNull()
    expect(links[0]).toMatchObject({ operation: gate.cid, mayAdmit: true, ignored: [], closings: [] })
    expect(links[0]?.joins).toEqual([
      { id: joinId(came), device: did('kim'), at: 1_700_000_000_001, operation: came.cid },
    ])
    expect([asks, idle, heads]).toEqual([[], [], [came.cid]])
    expect(set.judge(commit('kim', 1, [came])).is).toBe('counts')
    expect(set.judge(commit('kim', 1, [gate])).is).toBe('no-role')
    const more = begin()
    more.does('anna', link('anna', 'gate', { role: 'reader' }))
    more.does('kim', join('kim', 'gate'))
    expect(roleOf(setOf(more.all()), 'kim')).toBe('reader')
    expect(setOf(more.all()).judge(commit('kim', 1, more.heads())).is).toBe('no-role')
  })

  it.each<[string, string, (story: Story) => void, () => Act]>([
    ['before the link was made', 'early', () => {}, () => join('kim', 'gate', -1)],
    ['after its end', 'expired', () => {}, () => join('kim', 'gate', 1_000)],
    ['by a link that is none', 'link', () => {}, () => join('kim', 'bell')],
    [
      'that has seen the closing',
      'closed',
      (story) => story.does('ben', close('ben', 'gate')),
      () => join('kim', 'gate'),
    ],
    [
      'that has seen the link used up',
      'surplus',
      (story) => story.does('lee', join('lee', 'gate', 1)),
      () => join('kim', 'gate', 2),
    ],
    [
      'by a device that came by it',
      'again',
      (story) => story.does('kim', join('kim', 'gate', 1)),
      () => join('kim', 'gate', 2),
    ],
    [
      'when its maker has lost the role',
      'maker',
      (story) => story.does('owner', acts.change('anna', 'writer'), AUTHORITY),
      () => join('kim', 'gate'),
    ],
    [
      'by a device that an admin let in',
      'device',
      (story) => story.does('ben', acts.role('kim', 'reader')),
      () => join('kim', 'gate'),
    ],
    [
      'by a device that was somebody’s',
      'device',
      (story) => {
        story.does('wim', acts.device('wim', 'kim'))
        story.does('wim', acts.drop('wim', [headOf('kim', 0)]))
      },
      () => join('kim', 'gate'),
    ],
    [
      'by who was removed',
      'device',
      (story) => story.does('ben', acts.change('kim', 'none')),
      () => join('kim', 'gate'),
    ],
  ])('%s does not enter', (_, reason, before, act) => {
    const { story } = withLink({ uses: 1 })
    before(story)
    const made = story.does('kim', act())
    expect(refusal(story, made)).toBe(`members.not-allowed ${reason}`)
  })

  it('counts no more than the link lets in, of those who came at once the first by their own time', () => {
    const { story, gate } = withLink({ uses: 2 })
    for (const [name, at] of [
      ['kim', 3],
      ['lee', 1],
      ['mo', 2],
    ] as const)
      story.does(name, join(name, 'gate', at), { after: [gate] })
    const set = setOf(story.all())
    expect(['kim', 'lee', 'mo'].map((it) => roleOf(set, it))).toEqual(['none', 'writer', 'writer'])
    expect(because(story)).toEqual(['surplus'])
    expect(set.judge(commit('kim', 1, story.heads()))).toEqual({ is: 'no-role', head: undefined })
    // An admin can still let in who came too late.
    story.does('anna', acts.role('kim', 'writer'))
    expect(roleOf(setOf(story.all()), 'kim')).toBe('writer')
  })

  it('is not by the key of the link itself, which all have who have the link', () => {
    const { story } = withLink()
    expect(() => story.does('gate', join('gate', 'gate'))).toThrow(
      expect.objectContaining({ code: 'members.malformed', fields: { reason: 'body.join' } }),
    )
  })

  it('of one device by two links gives the greater role', () => {
    const { story } = withLink({ role: 'reader' })
    story.does('anna', link('anna', 'bell'))
    story.does('kim', join('kim', 'gate'))
    expect(roleOf(setOf(story.all()), 'kim')).toBe('reader')
    story.does('kim', join('kim', 'bell'))
    expect(roleOf(setOf(story.all()), 'kim')).toBe('writer')
  })

  it('is beaten by a removal that has not seen it', () => {
    const { story, gate } = withLink()
    const came = story.does('kim', join('kim', 'gate'), { after: [gate] })
    story.does('ben', acts.change('kim', 'none'), { after: [gate] })
    expect(roleOf(setOf(story.all()), 'kim')).toBe('none')
    expect(setOf(story.all()).judge(commit('kim', 1, [came])).is).toBe('beyond')
  })

  it('and what follows from it is nothing when the maker of the link had been revoked unseen', () => {
    const { story, gate } = withLink()
    story.does('kim', join('kim', 'gate'), { after: [gate] })
    story.does('kim', acts.device('kim', 'tablet'))
    expect(roleOf(setOf(story.all()), 'tablet')).toBe('writer')
    story.does('owner', acts.change('anna', 'none'), { ...AUTHORITY, after: [gate] })
    const set = setOf(story.all())
    expect(['kim', 'tablet'].map((it) => roleOf(set, it))).toEqual(['none', 'none'])
    expect(because(story)).toEqual(['maker'])
    expect(linkState(story).mayAdmit).toBe(false)
    expect(set.state().idle).toHaveLength(2)
  })

  it('stays when the removal of the maker has seen it, and no other comes by that link', () => {
    const { story, gate } = withLink()
    story.does('kim', join('kim', 'gate'))
    story.does('owner', acts.change('anna', 'none'), AUTHORITY)
    story.does('lee', join('lee', 'gate', 2), { after: [gate] })
    const set = setOf(story.all())
    expect(['kim', 'lee'].map((it) => roleOf(set, it))).toEqual(['writer', 'none'])
  })

  it('does not bring a dropped device back to a person who is admin', () => {
    const { story, gate } = withLink()
    story.does('owner', acts.role('kim', 'admin'), { ...AUTHORITY, after: [gate] })
    story.does('kim', acts.device('kim', 'tablet'))
    story.does('tablet', acts.drop('kim', [headOf('kim', 0)]))
    // The thief claims to have seen nothing.
    story.does('kim', join('kim', 'gate'), { after: [gate], seq: 1 })
    expect(roleOf(setOf(story.all()), 'kim')).toBe('none')
    expect(roleOf(setOf(story.all()), 'tablet')).toBe('admin')
  })
})

describe('a closing', () => {
  it('keeps those it lists, and nobody else', () => {
    const { story, gate } = withLink()
    const first = story.does('kim', join('kim', 'gate', 5), { after: [gate] })
    story.does('ben', close('ben', 'gate', [first], 'used-up'))
    story.does('lee', join('lee', 'gate', 1), { after: [gate] })
    const set = setOf(story.all())
    expect(['kim', 'lee'].map((it) => roleOf(set, it))).toEqual(['writer', 'none'])
    expect(because(story)).toEqual(['closed'])
    expect(linkState(story).closings).toMatchObject([{ reason: 'used-up', by: did('ben') }])
  })

  it('is of admins and the authority, of a link that is there, and lists what its maker has seen', () => {
    const { story, gate } = withLink()
    const kim = story.does('kim', join('kim', 'gate'), { after: [gate] })
    const cases: readonly (readonly [string, Act, string, string?])[] = [
      ['kim', close('kim', 'gate'), 'members.not-allowed undefined'],
      ['wim', close('wim', 'gate'), 'members.not-allowed undefined'],
      ['ben', close('ben', 'bell'), 'members.not-allowed link'],
      ['ben', close('ben', 'gate', [kim]), 'members.not-allowed joins'],
      ['wim', link('wim', 'bell'), 'members.not-allowed undefined'],
      ['wim', close('wim', 'gate'), 'none', 'authority'],
      ['wim', link('wim', 'bell'), 'none', 'authority'],
    ]
    for (const [author, act, expected, by] of cases) {
      const { story: other } = withLink()
      other.does('kim', join('kim', 'gate'), { after: [gate] })
      const made = other.does(author, act, { after: [gate], ...(by === undefined ? {} : { by }) })
      expect([act.kind, refusal(other, made)]).toEqual([act.kind, expected])
    }
  })

  it('by an admin who was revoked unseen still closes, until a cut', () => {
    const { story, gate } = withLink()
    const kim = story.does('kim', join('kim', 'gate'), { after: [gate] })
    story.does('owner', acts.change('ben', 'none'), { ...AUTHORITY, after: [kim] })
    const heads = story.heads()
    story.does('ben', close('ben', 'gate'), { after: [gate] })
    expect(roleOf(setOf(story.all()), 'kim')).toBe('none')
    story.does('owner', acts.cut('ben'), { ...AUTHORITY, after: heads })
    expect(roleOf(setOf(story.all()), 'kim')).toBe('writer')
  })

  it('does not take from the authority’s admins the role, nor the device by which they came', () => {
    const { story, gate } = withLink()
    const kim = story.does('kim', join('kim', 'gate'), { after: [gate] })
    story.does('owner', acts.change('kim', 'admin'), { ...AUTHORITY, after: [kim] })
    story.does('ben', close('ben', 'gate'), { after: [kim] })
    expect(roleOf(setOf(story.all()), 'kim')).toBe('admin')
  })

  it('closes all links of one key', () => {
    const { story } = withLink()
    story.does('ben', close('ben', 'gate'))
    story.does('anna', link('anna', 'gate', { uses: 9 }))
    const made = story.does('kim', join('kim', 'gate'))
    expect(refusal(story, made)).toBe('members.not-allowed closed')
  })
})

describe('a join that asks', () => {
  const asking = () => {
    const { story, gate } = withLink({ approval: true })
    const ask = story.does('kim', join('kim', 'gate'))
    return { story, gate, ask }
  }
  const letIn = (via: SignedOperation): Act => {
    const { kind, body } = acts.role('kim', 'writer') as Extract<Act, { kind: 'role' }>
    return { kind, body: { ...body, via: via.cid } }
  }

  it('gives nothing and waits until an admin lets in', () => {
    const { story, gate, ask } = asking()
    const set = setOf(story.all())
    expect(roleOf(set, 'kim')).toBe('none')
    expect(set.state().asks).toEqual([
      {
        ...{ id: joinId(ask), device: did('kim'), at: 1_700_000_000_001, operation: ask.cid },
        ...{ link: did('gate'), via: gate.cid, role: 'writer' },
      },
    ])
    expect(set.state().idle).toEqual([])
    story.does('anna', letIn(gate))
    const { asks, persons } = setOf(story.all()).state()
    expect(asks).toEqual([])
    expect(persons.get(did('kim'))).toEqual({ role: 'writer', devices: [did('kim')], via: gate.cid })
  })

  it('is declined by the role of none, and asks no more', () => {
    const { story } = asking()
    story.does('ben', acts.change('kim', 'none'))
    expect(setOf(story.all()).state().asks).toEqual([])
    const again = story.does('kim', join('kim', 'gate', 2))
    expect(refusal(story, again)).toBe('members.not-allowed device')
  })

  it('of two who answer at once the refusal holds', () => {
    const { story, gate, ask } = asking()
    story.does('anna', letIn(gate), { after: [ask] })
    story.does('ben', acts.change('kim', 'none'), { after: [ask] })
    expect(roleOf(setOf(story.all()), 'kim')).toBe('none')
    expect(setOf(story.all()).state().asks).toEqual([])
  })

  it('stays open when who let in had been revoked unseen', () => {
    const { story, gate, ask } = asking()
    story.does('anna', letIn(gate), { after: [ask] })
    story.does('owner', acts.change('anna', 'writer'), { ...AUTHORITY, after: [ask] })
    const set = setOf(story.all())
    expect(roleOf(set, 'kim')).toBe('none')
    expect(set.state().asks).toHaveLength(1)
  })
})
