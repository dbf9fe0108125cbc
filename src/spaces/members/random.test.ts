import { expect, it } from 'vitest'
import { createPrng, type Prng } from '../../repo/testing/prng.ts'
import { ROLES, type Act } from './model.ts'
import type { SignedOperation } from './operation.ts'
import { createOperationSet, type OperationSet } from './set.ts'
import { causalOrder } from './testing/orders.ts'
import { linkOf } from './subjects.ts'
import { close, join, link } from './testing/letters.ts'
import { acts, commitCid, createStory, did, headOf, revOf, setOf, SPACE, shown } from './testing/story.ts'

const PEOPLE = ['owner', 'anna', 'ben', 'wim', 'xia', 'zoe', 'yan', 'attic']
/** Those whom only links let in. */
const NEWCOMERS = ['kim', 'lee', 'mo', 'nia']
const EVERYBODY = [...PEOPLE, ...NEWCOMERS]
const AUTHORITIES = ['authority', 'heir', 'niece']

const LINKS = ['gate', 'bell', 'door']

/** Something about links, by this author: acts of links carry who does them. */
function linkAct(prng: Prng, author: string, all: readonly SignedOperation[]): Act {
  const name = prng.pick(LINKS)
  const joins = all.filter(
    ({ operation }) => operation.act.kind === 'join' && linkOf(operation) === did(name),
  )
  const uses = 1 + prng.int(3)
  return prng.pick<() => Act>([
    () => link(author, name, { uses, approval: name === 'bell', role: prng.pick(['reader', 'writer']) }),
    () => join(author, name, prng.int(8)),
    () => join(author, name, prng.int(8)),
    () => close(author, name, joins.filter(() => prng.chance(0.6)).slice(0, 4)),
  ])()
}

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
  const gate = story.does('anna', link('anna', 'gate', { uses: 1 + prng.int(4) }), { after: all.slice(-1) })
  set.insert(gate)
  all.push(gate)
  for (let n = 0; n < tries; n++) {
    const isAboutLinks = prng.chance(0.4)
    const insiders = ['owner', 'anna', 'ben', 'anna', 'ben']
    const author = prng.pick([...PEOPLE, ...insiders, ...(isAboutLinks ? [...NEWCOMERS, ...NEWCOMERS] : [])])
    const act = isAboutLinks ? linkAct(prng, author, all) : someAct(prng)
    const needs = ['cut', 'successor', 'succeed'].includes(act.kind)
    const isOwn = act.kind === 'leave' || act.kind === 'device'
    const by =
      needs || (!isOwn && act.kind !== 'join' && prng.chance(0.3)) ? prng.pick(AUTHORITIES) : undefined
    const after = prng.chance(0.3)
      ? all.slice(-2)
      : [prng.pick(all), prng.pick(all), prng.pick(all.slice(-3))]
    const links = all.filter((it) => it.operation.act.kind === 'link')
    // Most who come have seen the link by which they do.
    if (act.kind === 'join' && links.length > 0 && prng.chance(0.8)) after.push(prng.pick(links))
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
      const name = prng.pick(EVERYBODY)
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
      if (authority === null && act.kind !== 'join' && !devices.has(author)) continue
      if (act.kind === 'create') devices.add(author)
      if (act.kind === 'role' && act.body.role !== 'none') roles.add(act.body.person)
      if (act.kind === 'role' && act.body.enrol) devices.add(act.body.person)
      if (act.kind === 'device') devices.add(act.body.device)
      if (act.kind === 'join') devices.add(author)
    }
  }
  return devices
}

/** Who cannot write has nothing that counts, by whatever heads, but the one commit that was named. */
function checkStopped(set: OperationSet, all: readonly SignedOperation[], prng: Prng): void {
  const { devices, frozen } = set.state()
  for (const name of EVERYBODY) {
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

/** How many came by links: within their number and closings, and never by one whose maker was cut off from it. */
function checkLinks(set: OperationSet, all: readonly SignedOperation[]): number {
  const { links, asks, persons } = set.state()
  const held = new Map(all.map((it) => [it.cid, it]))
  for (const { record, joins, ignored, closings } of links) {
    expect(joins.length).toBeLessThanOrEqual(record.uses)
    for (const closed of closings) for (const { id } of joins) expect(closed.joins).toContain(id)
    expect(new Set(joins.map((it) => it.device)).size).toBe(joins.length)
    for (const { operation } of [...joins, ...ignored])
      expect(held.get(operation)?.operation.act.kind).toBe('join')
  }
  for (const { device } of asks) expect(persons.has(device)).toBe(false)
  return [...persons.values()].filter((it) => it.via !== null).length
}

/**
 * Whoever has lost access since some earlier time is behind a barrier from then on; but for those whom others outdid at
 * a link that is still open, who are behind its closing.
 */
function checkBarriers(set: OperationSet, all: readonly SignedOperation[], prng: Prng): number {
  const { devices, links } = set.state()
  if (links.some((it) => it.ignored.some(({ because }) => because === 'surplus'))) return 0
  const order = causalOrder(all, prng)
  const earlier = setOf(order.slice(0, 1 + prng.int(order.length)))
  const lost = [...earlier.state().devices.keys()].filter((it) => !devices.has(it))
  if (lost.length === 0) return 0
  const known = earlier.state().heads
  expect(set.history.barriers().some((it) => !set.history.isAt(known, it))).toBe(true)
  return 1
}

/** Adds to each device, for good, a removal by the authority that has seen everything. */
function checkRemoval(all: readonly SignedOperation[], prng: Prng): void {
  const story = createStory()
  const set = setOf(all)
  const { authority, devices, heads } = set.state()
  const key = AUTHORITIES.find((it) => did(it) === authority)
  const gone = EVERYBODY.filter((it) => devices.has(did(it)))
  if (key === undefined || gone.length === 0) return
  const name = prng.pick(gone)
  const persons = [...set.state().persons].filter(([, it]) => it.devices.includes(did(name)))
  const parents = all.filter((it) => heads.includes(it.cid))
  let after = parents
  for (const [n, [person]] of persons.entries()) {
    const who = EVERYBODY.find((it) => did(it) === person) ?? ''
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
  let came = 0
  let lost = 0
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
    came += checkLinks(first, all)
    for (let n = 0; n < 4; n++) lost += checkBarriers(first, all, prng)
    const reached = reachable(all)
    for (const device of first.state().devices.keys()) expect(reached.has(device)).toBe(true)
    checkStopped(first, all, prng)
    checkRemoval(all, prng)
  }
  // The graphs are neither empty nor of the willing only.
  expect(size).toBeGreaterThan(10_000)
  expect(refused).toBeGreaterThan(4_000)
  expect(came).toBeGreaterThan(500)
  expect(lost).toBeGreaterThan(200)
})
