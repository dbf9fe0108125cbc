import { expect, it } from 'vitest'
import { createPrng, type Prng } from '../../repo/testing/prng.ts'
import type { SignedOperation } from './operation.ts'
import { createOperationSet, type OperationSet } from './set.ts'
import { AUTHORITIES, EVERYBODY, grow } from './testing/grow.ts'
import { causalOrder } from './testing/orders.ts'
import { acts, commitCid, createStory, did, headOf, revOf, setOf, SPACE, shown } from './testing/story.ts'

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
