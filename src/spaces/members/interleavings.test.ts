import { describe, expect, it } from 'vitest'
import { runs } from '../../core/testing/runs.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import type { Act } from './model.ts'
import type { SignedOperation } from './operation.ts'
import { createOperationSet, type OperationSet } from './set.ts'
import { close, join, link } from './testing/letters.ts'
import { choices, permutations } from './testing/orders.ts'
import {
  acts,
  commitCid,
  createStory,
  did,
  headOf,
  revOf,
  SPACE,
  shown,
  type Story,
} from './testing/story.ts'

/** What somebody does at the same time as others do something else. */
type Step = readonly [author: string, act: Act, by?: string]

const NAMES = ['owner', 'attic', 'anna', 'ben', 'wim', 'phone', 'xia', 'zoe', 'kim', 'lee', 'mo', 'nia']

const KIM = begin().heads()[0] ?? expect.fail()

/** At least one of each kind, and each direction that matters. */
const MEMBER_STEPS: readonly Step[] = [
  ['owner', acts.change('ben', 'writer'), 'authority'],
  ['owner', acts.change('anna', 'none', [headOf('anna', 2)]), 'authority'],
  ['owner', acts.change('wim', 'admin'), 'authority'],
  ['owner', acts.cut('ben', 'wim'), 'authority'],
  ['owner', acts.successor('niece'), 'authority'],
  ['attic', acts.succeed(), 'heir'],
  ['anna', acts.role('zoe', 'writer')],
  ['anna', acts.change('wim', 'none', [headOf('wim', 3)])],
  ['anna', acts.freeze('wim', 6)],
  ['ben', acts.change('wim', 'reader', [headOf('wim', 5), headOf('phone', 1)])],
  ['ben', acts.drop('wim', [headOf('phone', 4)])],
  ['ben', acts.void('wim')],
  ['ben', acts.hide('post', false)],
  ['anna', acts.hide('post')],
  ['ben', acts.change('xia', 'none')],
  ['ben', acts.leave('ben', [headOf('ben', 3)])],
  ['wim', acts.leave('wim', [headOf('wim', 9)])],
  ['wim', acts.drop('wim', [headOf('phone', 2)])],
  ['phone', acts.drop('wim', [headOf('wim', 2)])],
  ['phone', acts.device('wim', 'zoe')],
]
const LINK_STEPS: readonly Step[] = [
  ['lee', join('lee', 'gate', 5)],
  ['mo', join('mo', 'gate', 4)],
  ['nia', join('nia', 'bell', 3)],
  ['kim', acts.device('kim', 'tablet')],
  ['anna', close('anna', 'gate')],
  ['ben', close('ben', 'gate', [KIM], 'used-up')],
  ['owner', close('owner', 'bell'), 'authority'],
  ['ben', acts.change('kim', 'none', [headOf('kim', 2)])],
  ['owner', acts.change('kim', 'admin'), 'authority'],
]

const STEPS = [...MEMBER_STEPS, ...LINK_STEPS]

/** Two links, of which the second only lets ask, and one who came by the first. */
function begin(): Story {
  const story = createStory()
  story.does('owner', acts.create('heir'), { by: 'authority' })
  story.does('owner', acts.role('anna', 'admin'), { by: 'authority' })
  story.does('owner', acts.role('ben', 'admin'), { by: 'authority' })
  story.does('anna', acts.role('wim', 'writer'))
  story.does('ben', acts.role('xia', 'writer'))
  story.does('wim', acts.device('wim', 'phone'))
  story.does('anna', link('anna', 'gate', { uses: 2 }))
  story.does('anna', link('anna', 'bell', { approval: true }))
  story.does('kim', join('kim', 'gate', 6))
  return story
}

/** What a set says of commits that name the heads from before, and the heads of now. */
function judged(set: OperationSet, base: readonly string[]): string {
  const now = [...set.state().heads]
  return JSON.stringify(
    NAMES.flatMap((name) =>
      [base, now].flatMap((members) =>
        [2, 3, 5].map((n) =>
          set.judge({ author: did(name), rev: revOf(n), cid: commitCid(`${name} ${n}`), members }),
        ),
      ),
    ),
  )
}

/** Puts the same in, in every order, asking after each; gives what they all say. */
function agree(base: readonly SignedOperation[], groups: readonly SignedOperation[][]): OperationSet {
  const heads = base.slice(-1).map((it) => it.cid)
  let first: { set: OperationSet; says: string } | undefined
  for (const order of permutations(groups)) {
    const set = createOperationSet(SPACE)
    for (const it of base) set.insert(it)
    for (const it of order.flat()) {
      set.insert(it)
      set.state()
    }
    const says = `${shown(set)} ${judged(set, heads)}`
    first ??= { set, says }
    expect(says).toBe(first.says)
  }
  if (first === undefined) throw new Error('no order')
  for (const name of NAMES) checkStopped(first.set, name, heads)
  checkLinks(first.set)
  return first.set
}

/** No more come than a link lets in, none whom a closing leaves out, and none who only ask. */
function checkLinks(set: OperationSet): void {
  const { links, asks, devices } = set.state()
  for (const { record, joins, closings } of links) {
    expect(joins.length).toBeLessThanOrEqual(record.uses)
    for (const closed of closings) for (const { id } of joins) expect(closed.joins).toContain(id)
    if (record.approval) for (const { device } of joins) expect(devices.has(device)).toBe(false)
  }
  for (const { device } of asks) expect(devices.has(device)).toBe(false)
}

/** Who may not write now has nothing that counts but the head at which they stand still. */
function checkStopped(set: OperationSet, name: string, members: readonly string[]): void {
  const role = set.state().devices.get(did(name))
  if (role === 'admin' || role === 'writer') return
  const frozen = set.state().frozen.get(did(name))
  for (const n of [1, 2, 3, 4, 5, 6, 9, 20]) {
    const cid = commitCid(`${name} ${n}`)
    const verdict = set.judge({ author: did(name), rev: revOf(n), cid, members })
    if (cid !== frozen?.commit) expect(verdict.is).not.toBe('counts')
  }
}

/** Does each step apart from the others; steps of one author one after another. */
function apart(story: Story, base: readonly SignedOperation[], steps: readonly Step[]): SignedOperation[][] {
  const byAuthor = new Map<string, SignedOperation[]>()
  for (const [author, act, by] of steps) {
    const done = byAuthor.get(author) ?? []
    const last = done.at(-1)
    const made = story.does(author, act, {
      after: last === undefined ? base.slice(-1) : [last],
      ...(by === undefined ? {} : { by }),
    })
    byAuthor.set(author, [...done, made])
  }
  return [...byAuthor.values()]
}

/** What was refused by what it has itself seen is no part of it. */
function allowed(
  base: readonly SignedOperation[],
  groups: readonly SignedOperation[][],
): SignedOperation[][] {
  return groups.map((group) => {
    const set = createOperationSet(SPACE)
    for (const it of base) set.insert(it)
    const good: SignedOperation[] = []
    for (const it of group) {
      try {
        set.insert(it)
        good.push(it)
      } catch {
        break
      }
    }
    return good
  })
}

function checkRun(steps: readonly Step[]): OperationSet {
  const story = begin()
  const base = story.all()
  return agree(base, allowed(base, apart(story, base, steps)))
}

describe('all interleavings', () => {
  it.each(choices(STEPS, 2).map((steps) => [steps.map(label).join(', '), steps] as const))(
    'of %s',
    (_, steps) => {
      checkRun(steps)
    },
  )

  it('of each three', () => {
    // Of those about links all that hold two of them: with the others one is as in pairs.
    const aboutLinks = (steps: readonly Step[]) => steps.filter((it) => LINK_STEPS.includes(it)).length
    for (const steps of choices(STEPS, 3).filter((it) => aboutLinks(it) !== 1)) checkRun(steps)
  })

  it('of some fours and fives', () => {
    const prng = createPrng('fives')
    for (let n = 0; n < runs(30); n++) checkRun(prng.shuffle([...STEPS]).slice(0, 4 + (n % 2)))
  })

  it('of two forks of one author and what others do', () => {
    for (const steps of choices(STEPS, 1)) {
      const story = begin()
      const base = story.all()
      const mine = [acts.role('zoe', 'writer'), acts.change('xia', 'none')].map((act) => [
        story.does('anna', act, { after: base.slice(-1), at: 1 }),
      ])
      const others = allowed(base, apart(story, base, steps))
      expect(agree(base, [...mine, ...others]).forks().length).toBeGreaterThan(0)
    }
  })
})

it('whatever else happens, two removals by two admins at once remove both', () => {
  for (const [other] of choices(STEPS, 1)) {
    if (other === undefined || other[1].kind === 'cut' || other[1].kind === 'succeed') continue
    const story = begin()
    const base = story.all()
    const steps: Step[] = [
      ['anna', acts.change('wim', 'none')],
      ['ben', acts.change('xia', 'none')],
    ]
    const set = agree(base, allowed(base, apart(story, base, [...steps, other])))
    const { devices } = set.state()
    expect(devices.get(did('xia'))).toBeUndefined()
    const [, act] = other
    const isAdmin = act.kind === 'role' && act.body.role === 'admin' && act.body.person === did('wim')
    expect(devices.get(did('wim'))).toBe(isAdmin ? 'admin' : undefined)
  }
})

function label([author, act]: Step): string {
  return `${act.kind} by ${author}`
}
