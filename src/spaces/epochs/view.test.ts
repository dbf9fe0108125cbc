import { describe, expect, it } from 'vitest'
import { fromHex } from '../../core/bytes.ts'
import type { Act } from '../members/model.ts'
import type { SignedOperation } from '../members/operation.ts'
import type { OperationSet } from '../members/set.ts'
import { AUTHORITY, begin } from '../members/testing/group.ts'
import { close, join, link } from '../members/testing/letters.ts'
import { signerOf } from '../members/testing/signed.ts'
import { acts, did, headOf, setOf, SPACE, type Story } from '../members/testing/story.ts'
import { codeOf, randomFrom } from '../testing/kit.ts'
import { chooseEpoch } from './choose.ts'
import { makeEpoch, type OpenEpoch } from './keys.ts'
import { epochViewOf } from './view.ts'

const random = randomFrom(77)

async function make(
  by: string,
  set: OperationSet,
  parents: readonly OpenEpoch[] = [],
  recipients?: string[],
) {
  const { devices, heads } = set.state()
  const wanted = { space: SPACE, members: heads, parents, hidePast: false }
  const made = await makeEpoch({ ...wanted, recipients: recipients ?? devices.keys() }, signerOf(by), random)
  return made.epoch
}

const nameOf = ({ info }: OpenEpoch): Uint8Array => fromHex(info.name) ?? expect.fail()
const choose = (set: OperationSet, held: readonly OpenEpoch[], by = 'owner') =>
  chooseEpoch(did(by), held, epochViewOf(set))
const recipientsOf = (set: OperationSet, held: readonly OpenEpoch[]) => {
  const choice = choose(set, held)
  return choice.kind === 'make' ? choice.recipients : 'used'
}

/** A group with an epoch that a link carries. */
async function withLink(more: Parameters<typeof link>[2] = {}) {
  const story = begin()
  const epoch = await make('owner', setOf(story.all()))
  const gate = story.does(
    'anna',
    link('anna', 'gate', { epoch: more.approval ? null : nameOf(epoch), ...more }),
  )
  return { story, epoch, gate }
}

describe('which epoch the members of a space seal under', () => {
  it('is new for who is let in, and the same for who came by a link with its key', async () => {
    const { story, epoch } = await withLink()
    expect(choose(setOf(story.all()), [epoch])).toEqual({ kind: 'use', epoch })
    story.does('kim', join('kim', 'gate', 1, nameOf(epoch)))
    const set = setOf(story.all())
    expect(set.state().devices.has(did('kim'))).toBe(true)
    expect(choose(set, [epoch])).toEqual({ kind: 'use', epoch })
    // Kim seals under it as well.
    expect(choose(set, [epoch], 'kim')).toEqual({ kind: 'use', epoch })
    story.does('lee', join('lee', 'gate', 2, null))
    expect(recipientsOf(setOf(story.all()), [epoch])).toContain(did('lee'))
    const other = begin()
    other.does('anna', acts.role('zoe', 'reader'))
    expect(recipientsOf(setOf(other.all()), [epoch])).toContain(did('zoe'))
  })

  it('is new after a link is closed, and lists who came by it', async () => {
    const { story, epoch } = await withLink()
    const kim = story.does('kim', join('kim', 'gate', 1, nameOf(epoch)))
    const closing = story.does('ben', close('ben', 'gate', [kim], 'used-up'))
    const set = setOf(story.all())
    expect(epochViewOf(set).barriers).toEqual([closing.cid])
    expect(recipientsOf(set, [epoch])).toContain(did('kim'))
    const next = await make('ben', set, [epoch])
    expect(choose(set, [epoch, next])).toEqual({ kind: 'use', epoch: next })
    // Who comes too late has the old key, and nobody seals under that.
    story.does('lee', join('lee', 'gate', 0, nameOf(epoch)), { after: [kim] })
    const later = setOf(story.all())
    expect(later.state().devices.has(did('lee'))).toBe(false)
    expect(choose(later, [epoch, next])).toEqual({ kind: 'use', epoch: next })
  })

  it('is none that one of two who were removed at once can open', async () => {
    const story = begin()
    const base = story.heads()
    const first = await make('owner', setOf(story.all()))
    story.does('anna', acts.change('wim', 'none'), { after: base })
    const atAnna = setOf(story.all())
    const annas = await make('anna', atAnna, [first])
    const apart = begin()
    apart.does('ben', acts.change('xia', 'none'), { after: apart.heads() })
    const bens = await make('ben', setOf(apart.all()), [first])
    expect(annas.info.recipients).toContain(did('xia'))
    expect(bens.info.recipients).toContain(did('wim'))
    for (const it of apart.all()) if (!story.all().some(({ cid }) => cid === it.cid)) atAnna.insert(it)
    const choice = choose(atAnna, [first, annas, bens])
    expect(choice).toMatchObject({ kind: 'make', recipients: ['owner', 'anna', 'ben'].map(did).sort() })
    // All that was written opens to those who stay.
    const names = choice.kind === 'make' ? choice.parents.map((it) => it.info.name) : []
    expect(names).toEqual([annas, bens].map((it) => it.info.name).sort())
    const joint = await make('anna', atAnna, [annas, bens])
    for (const by of ['anna', 'ben', 'owner'])
      expect(choose(atAnna, [first, annas, bens, joint], by)).toEqual({ kind: 'use', epoch: joint })
    for (const by of ['wim', 'xia'])
      expect(await codeOf(() => choose(atAnna, [first], by))).toBe('spaces.removed')
  })

  it('is not one that was made by a newcomer of whom too many came', async () => {
    const { story, epoch, gate } = await withLink({ uses: 1 })
    story.does('kim', join('kim', 'gate', 2, nameOf(epoch)), { after: [gate] })
    const evil = await make(
      'kim',
      setOf(story.all()),
      [],
      [...setOf(story.all()).state().devices.keys()].filter((it) => it !== did('kim')),
    )
    story.does('lee', join('lee', 'gate', 1, nameOf(evil)), { after: [gate] })
    const set = setOf(story.all())
    expect(set.state().devices.has(did('kim'))).toBe(false)
    expect(choose(set, [evil]).kind).toBe('make')
  })

  it('is not one by somebody who could not write where they made it, nor over heads that are not here', async () => {
    const story = begin()
    const set = setOf(story.all())
    expect(choose(set, [await make('zoe', set)]).kind).toBe('make')
    const ahead = begin()
    ahead.does('anna', acts.hide('x'))
    const over = await make('anna', setOf(ahead.all()))
    expect(choose(set, [over]).kind).toBe('make')
    expect(epochViewOf(set).accessAt(over.info.members)).toBeUndefined()
    expect(epochViewOf(set).couldWrite(did('anna'), over.info.members)).toBe(false)
    expect(choose(setOf(ahead.all()), [over])).toMatchObject({ kind: 'use' })
  })
})

describe('barriers', () => {
  const cases: readonly (readonly [string, boolean, (story: Story) => SignedOperation])[] = [
    ['a removal', true, (story) => story.does('anna', acts.change('wim', 'none'))],
    ['a leaving', true, (story) => story.does('wim', acts.leave('wim'))],
    ['a dropped device', true, (story) => story.does('anna', acts.drop('wim', [headOf('wim', 1)]))],
    ['a cut', true, (story) => story.does('owner', acts.cut('ben'), AUTHORITY)],
    ['a demoted admin', true, (story) => story.does('owner', acts.change('ben', 'reader'), AUTHORITY)],
    ['a new authority', true, (story) => story.does('xia', acts.succeed(), { by: 'heir' })],
    ['a demoted writer', false, (story) => story.does('anna', acts.change('wim', 'reader'))],
    ['a frozen device', false, (story) => story.does('anna', acts.void('wim'))],
    ['a hidden item', false, (story) => story.does('anna', acts.hide('x'))],
    ['a new link', false, (story) => story.does('anna', link('anna', 'gate'))],
    ['the closing of a link', true, (story) => closed(story, {})],
    ['the closing of a link by which one asks', false, (story) => closed(story, { approval: true })],
    ['an ask that is declined', false, (story) => answered(story, acts.change('kim', 'none'))],
    ['an ask that is granted', false, (story) => answered(story, acts.role('kim', 'reader'))],
    [
      'the removal of one who asked and was let in',
      true,
      (story) => {
        answered(story, acts.role('kim', 'reader'))
        return story.does('ben', acts.change('kim', 'none'))
      },
    ],
    [
      'the removal of one who came by a link',
      true,
      (story) => {
        story.does('anna', link('anna', 'gate'))
        story.does('kim', join('kim', 'gate'))
        return story.does('ben', acts.change('kim', 'none'))
      },
    ],
  ]

  function closed(story: Story, more: Parameters<typeof link>[2]): SignedOperation {
    story.does('anna', link('anna', 'gate', more))
    return story.does('ben', close('ben', 'gate'))
  }

  function answered(story: Story, answer: Act): SignedOperation {
    story.does('anna', link('anna', 'gate', { approval: true }))
    story.does('kim', join('kim', 'gate'))
    return story.does('ben', answer)
  }

  it.each(cases)('%s: %s', (_, is, does) => {
    const story = begin()
    const before = story.heads().map((it) => it.cid)
    const { cid } = does(story)
    const view = epochViewOf(setOf(story.all()))
    expect(view.barriers).toEqual(is ? [cid] : [])
    expect([view.knew([cid], cid), view.knew(before, cid)]).toEqual([true, false])
  })

  it('are none of what a cut made nothing', () => {
    const story = begin()
    const base = story.heads()
    story.does('ben', acts.change('wim', 'none'), { after: base })
    const cut = story.does('owner', acts.cut('ben'), { ...AUTHORITY, after: base })
    expect(epochViewOf(setOf(story.all())).barriers).toEqual([cut.cid])
  })
})
