import { expect, it } from 'vitest'
import { chooseHeads } from './heads.ts'
import { begin } from './testing/group.ts'
import { join, link } from './testing/letters.ts'
import { acts, did, setOf } from './testing/story.ts'

it('heads beyond those that can be named are left to newcomers, and no removal is among them', () => {
  const story = begin()
  const door = story.does('anna', link('anna', 'door', { uses: 400 }))
  for (let n = 0; n < 299; n++) story.does(`guest ${n}`, join(`guest ${n}`, 'door', n), { after: [door] })
  const removal = story.does('anna', acts.change('wim', 'none'), { after: [door] })
  const hidden = story.does('ben', acts.hide('post'), { after: [door] })
  // A head that alone has seen the removal.
  const last = story.does('guest 299', join('guest 299', 'door', 1), { after: [removal] })
  const set = setOf(story.all())
  const { heads, devices } = set.state()
  expect([set.graph.heads().length, heads.length, devices.size]).toEqual([301, 256, 304])
  expect(heads).toEqual([...heads].sort())
  expect(heads).toContain(hidden.cid)
  expect(heads).toContain(last.cid)
  expect(set.history.isAt(heads, removal.cid)).toBe(true)
  for (const name of ['guest 0', 'guest 7', 'guest 298']) {
    const named = chooseHeads(set.graph, did(name))
    expect(named).toHaveLength(256)
    expect(set.history.roleAt(did(name), named)).toBe('writer')
    expect(set.history.isAt(named, removal.cid)).toBe(true)
    // What it does next can enter.
    const parents = set.graph.heads().filter((it) => named.includes(it))
    const made = story.does(name, acts.leave(name), {
      after: story.all().filter((it) => parents.includes(it.cid)),
    })
    const copy = setOf(story.all())
    expect(copy.graph.get(made.cid)?.operation.seq).toBe(2)
  }
})
