import { describe, expect, it } from 'vitest'
import { AUTHORITY, begin, commit } from './testing/group.ts'
import { acts, commitCid, headOf, revOf, setOf } from './testing/story.ts'

describe('a commit', () => {
  it('counts with the role at the heads it names, and no other', () => {
    const story = begin()
    const heads = story.heads()
    const set = setOf(story.all())
    expect(set.judge(commit('wim', 1, heads))).toEqual({ is: 'counts' })
    expect(set.judge(commit('zoe', 1, heads))).toEqual({ is: 'no-role', head: undefined })
    expect(set.judge(commit('wim', 1, []))).toEqual({ is: 'no-role', head: undefined })
    expect(set.judge(commit('wim', 1, story.all().slice(0, 2)))).toEqual({ is: 'no-role', head: undefined })
    const unknown = { ...commit('wim', 1, heads), members: [commitCid('nothing')] }
    expect(set.judge(unknown)).toEqual({ is: 'unknown', missing: [commitCid('nothing')] })
  })

  it('of a removed device stays at the named head, whatever it claims', () => {
    const story = begin()
    const before = story.heads()
    story.does('anna', acts.change('wim', 'none', [headOf('wim', 5)]))
    const set = setOf(story.all())
    const head = { rev: revOf(5), commit: commitCid('wim 5') }
    expect(set.judge(commit('wim', 5, before))).toEqual({ is: 'counts' })
    expect(set.judge(commit('wim', 4, before))).toEqual({ is: 'behind', head })
    expect(set.judge(commit('wim', 6, before))).toEqual({ is: 'beyond', head })
    expect(set.judge({ ...commit('wim', 5, before), cid: commitCid('other') })).toEqual({
      is: 'beyond',
      head,
    })
    expect(set.judge(commit('wim', 6, story.heads()))).toEqual({ is: 'no-role', head })
  })

  it('of two removals the higher named head stays; an admin raises it, voids it, and lowers it', () => {
    const story = begin()
    const before = story.heads()
    const isAt = (): number[] => {
      const set = setOf(story.all())
      return [3, 4, 5, 6, 7].filter((n) => set.judge(commit('wim', n, before)).is === 'counts')
    }
    story.does('anna', acts.change('wim', 'none', [headOf('wim', 3)]), { after: before })
    story.does('ben', acts.change('wim', 'none', [headOf('wim', 5)]), { after: before })
    expect(isAt()).toEqual([5])
    story.does('ben', acts.freeze('wim', 7))
    expect(isAt()).toEqual([7])
    story.does('ben', acts.void('wim'))
    expect(isAt()).toEqual([])
    story.does('ben', acts.freeze('wim', 4))
    expect(isAt()).toEqual([4])
  })

  it('is not let in by a leaving of its author’s own, made up later', () => {
    const story = begin()
    const before = story.heads()
    story.does('anna', acts.change('wim', 'none', [headOf('wim', 3)]), { after: before })
    story.does('wim', acts.leave('wim', [headOf('wim', 9)]), { after: before })
    const set = setOf(story.all())
    expect(set.judge(commit('wim', 9, before)).is).toBe('beyond')
    expect(set.judge(commit('wim', 3, before)).is).toBe('counts')
  })

  it('of who is granted again counts when it has seen that, and not before', () => {
    const story = begin()
    const before = story.heads()
    story.does('anna', acts.change('wim', 'reader', [headOf('wim', 3)]))
    const demoted = story.heads()
    story.does('anna', acts.change('wim', 'writer'))
    const set = setOf(story.all())
    expect(set.judge(commit('wim', 4, before)).is).toBe('beyond')
    expect(set.judge(commit('wim', 4, demoted)).is).toBe('no-role')
    expect(set.judge(commit('wim', 4, story.heads())).is).toBe('counts')
  })

  it('does not count by a grant that counts for nothing', () => {
    const story = begin()
    const base = story.heads()
    const grant = story.does('ben', acts.role('zoe', 'writer'), { after: base })
    expect(setOf(story.all()).judge(commit('zoe', 1, [grant])).is).toBe('counts')
    story.does('owner', acts.change('ben', 'none'), { ...AUTHORITY, after: base })
    expect(setOf(story.all()).judge(commit('zoe', 1, [grant])).is).toBe('no-role')
  })

  it('of who became admin is not stopped by an admin who had not heard', () => {
    const story = begin()
    const base = story.heads()
    const raised = story.does('owner', acts.change('wim', 'admin'), { ...AUTHORITY, after: base })
    story.does('anna', acts.change('wim', 'none'), { after: base })
    const set = setOf(story.all())
    expect(set.judge(commit('wim', 1, [raised])).is).toBe('counts')
    expect(set.judge(commit('wim', 1, base)).is).toBe('beyond')
  })
})
