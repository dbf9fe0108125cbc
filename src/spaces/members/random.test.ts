import { expect, it } from 'vitest'
import { createPrng, type Prng } from '../../repo/testing/prng.ts'
import { ROLES, type Act } from './model.ts'
import type { SignedOperation } from './operation.ts'
import { createOperationSet, type OperationSet } from './set.ts'
import { causalOrder } from './testing/orders.ts'
import { acts, commitCid, createStory, did, headOf, revOf, setOf, SPACE, shown } from './testing/story.ts'

const PEOPLE = ['owner', 'anna', 'ben', 'wim', 'xia', 'zoe', 'yan', 'attic']
const AUTHORITIES = ['authority', 'heir', 'niece']

function someAct(prng: Prng): Act {
  const [one, two] = [prng.pick(PEOPLE), prng.pick(PEOPLE)]
  const heads = prng.chance(0.5) ? [headOf(two, prng.int(6))] : []
  const role = prng.pick(ROLES)
  const isLow = role === 'none' || role === 'reader'
  return prng.pick<() => Act>([
    () => acts.role(one, role, isLow ? heads : []),
    () => acts.role(one, role, isLow ? heads : []),
    () => acts.change(one, role, isLow ? heads : []),
    () => acts.leave(one, heads),
    () => acts.device(one, two),
    () => acts.drop(one, [headOf(two, prng.int(6))]),
    () => acts.freeze(one, prng.int(6)),
    () => acts.void(one),
    () => acts.cut(one),
    () => acts.successor(prng.pick(AUTHORITIES)),
    () => acts.succeed(),
    () => acts.hide('post', prng.chance(0.6)),
  ])()
}

/** Operations that a set lets in, made by all sorts with and without the power, over parts of what there is. */
function grow(prng: Prng, tries: number): { all: SignedOperation[]; refused: number } {
  const story = createStory()
  const set = createOperationSet(SPACE)
  const all = [story.does('owner', acts.create(prng.chance(0.5) ? 'heir' : undefined), { by: 'authority' })]
  let refused = 0
  for (const it of all) set.insert(it)
  for (const name of ['anna', 'ben']) {
    const made = story.does('owner', acts.role(name, 'admin'), { by: 'authority', after: all.slice(-1) })
    set.insert(made)
    all.push(made)
  }
  for (let n = 0; n < tries; n++) {
    const act = someAct(prng)
    const needs = ['cut', 'successor', 'succeed'].includes(act.kind)
    const isOwn = act.kind === 'leave' || act.kind === 'device'
    const by = needs || (!isOwn && prng.chance(0.3)) ? prng.pick(AUTHORITIES) : undefined
    const after = prng.chance(0.3)
      ? all.slice(-2)
      : [prng.pick(all), prng.pick(all), prng.pick(all.slice(-3))]
    const author = prng.pick([...PEOPLE, 'owner', 'anna', 'ben', 'anna', 'ben'])
    const options = { after: [...new Set(after)], at: n, ...(by === undefined ? {} : { by }) }
    const made = story.does(author, act, options)
    try {
      set.insert(made)
      all.push(made)
    } catch {
      refused++
    }
  }
  return { all, refused }
}

function verdicts(set: OperationSet, all: readonly SignedOperation[], seed: number): string {
  const prng = createPrng(`commits ${seed}`)
  return JSON.stringify(
    Array.from({ length: 12 }, () => {
      const name = prng.pick(PEOPLE)
      const n = prng.int(8)
      const members = [prng.pick(all).cid]
      return set.judge({ author: did(name), rev: revOf(n), cid: commitCid(`${name} ${n}`), members })
    }),
  )
}

/** Devices and persons to which there is a path from the authority, as if nothing were ever taken away. */
function reachable(all: readonly SignedOperation[]): Set<string> {
  const devices = new Set<string>()
  const roles = new Set<string>()
  for (let before = -1; before !== devices.size + roles.size;) {
    before = devices.size + roles.size
    for (const { operation } of all) {
      const { act, author, authority } = operation
      if (authority === null && !devices.has(author)) continue
      if (act.kind === 'create') devices.add(author)
      if (act.kind === 'role' && act.body.role !== 'none') roles.add(act.body.person)
      if (act.kind === 'role' && act.body.enrol) devices.add(act.body.person)
      if (act.kind === 'device') devices.add(act.body.device)
    }
  }
  return devices
}

/** Who cannot write has nothing that counts, by whatever heads, but the one commit that was named. */
function checkStopped(set: OperationSet, all: readonly SignedOperation[], prng: Prng): void {
  const { devices, frozen } = set.state()
  for (const name of PEOPLE) {
    const role = devices.get(did(name))
    if (role === 'admin' || role === 'writer') continue
    for (let n = 0; n < 8; n++) {
      const cid = commitCid(`${name} ${n}`)
      const members = [prng.pick(all).cid, prng.pick(all).cid].sort()
      const verdict = set.judge({ author: did(name), rev: revOf(n), cid, members: [...new Set(members)] })
      // One that has seen some of the freezes is held to the others; each names a head that somebody signed.
      if (verdict.is === 'counts' && cid !== frozen.get(did(name))?.commit)
        expect(named(all, did(name))).toContain(cid)
    }
  }
}

const named = (all: readonly SignedOperation[], device: string): string[] =>
  all.flatMap(({ operation: { act } }) => {
    if (act.kind === 'freeze') return act.body.device === device ? [act.body.commit ?? ''] : []
    if (act.kind !== 'role' && act.kind !== 'leave' && act.kind !== 'drop') return []
    return act.body.heads.flatMap((it) => (it.device === device ? [it.commit ?? ''] : []))
  })

/** Adds to each device, for good, a removal by the authority that has seen everything. */
function checkRemoval(all: readonly SignedOperation[], prng: Prng): void {
  const story = createStory()
  const set = setOf(all)
  const { authority, devices, heads } = set.state()
  const key = AUTHORITIES.find((it) => did(it) === authority)
  const gone = PEOPLE.filter((it) => devices.has(did(it)))
  if (key === undefined || gone.length === 0) return
  const name = prng.pick(gone)
  const persons = [...set.state().persons].filter(([, it]) => it.devices.includes(did(name)))
  const parents = all.filter((it) => heads.includes(it.cid))
  let after = parents
  for (const [n, [person]] of persons.entries()) {
    const who = PEOPLE.find((it) => did(it) === person) ?? ''
    const act = acts.change(who, 'none', [headOf(name, 4)])
    // A device of its own makes these: nobody else has its numbers.
    const made = story.does('remover', act, { by: key, after, seq: n + 1 })
    set.insert(made)
    after = [made]
  }
  expect(set.state().devices.has(did(name))).toBe(false)
  for (const members of [[prng.pick(all).cid], [...heads], [...set.state().heads]]) {
    const later = { author: did(name), rev: revOf(99), cid: commitCid(`${name} 99`), members }
    expect(set.judge(later).is).not.toBe('counts')
  }
}

it('all who hold the same see the same, in thousands of graphs', () => {
  let refused = 0
  let size = 0
  for (let seed = 0; seed < 1_500; seed++) {
    const prng = createPrng(`graph ${seed}`)
    const grown = grow(prng, 8 + prng.int(20))
    const { all } = grown
    refused += grown.refused
    size += all.length
    const first = setOf(all)
    const says = shown(first) + verdicts(first, all, seed)
    for (let n = 0; n < 3; n++) {
      const set = createOperationSet(SPACE)
      for (const it of causalOrder(all, prng)) {
        set.insert(it)
        // Asked on the way or only at the end: it is all one.
        if (n > 0) set.state()
      }
      expect(shown(set) + verdicts(set, all, seed)).toBe(says)
    }
    const reached = reachable(all)
    for (const device of first.state().devices.keys()) expect(reached.has(device)).toBe(true)
    checkStopped(first, all, prng)
    checkRemoval(all, prng)
  }
  // The graphs are neither empty nor of the willing only.
  expect(size).toBeGreaterThan(10_000)
  expect(refused).toBeGreaterThan(4_000)
})
