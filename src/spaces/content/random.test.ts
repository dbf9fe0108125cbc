import { decode } from '@atcute/cbor'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { runs } from '../../core/testing/runs.ts'
import { createPrng, type Prng } from '../../repo/testing/prng.ts'
import { createContent } from './content.ts'
import { isOwned, itemOf, kindOf, personTag, pinId, reactionId, readId } from './ids.ts'
import type { Edit, FieldValue, InnerPlace, InnerRecord, Kind } from './model.ts'
import { toFieldValue } from './values.ts'
import { codeOf, createGroup, createReplica, did, type Group, type Replica, shown } from './testing/group.ts'

const PEOPLE = { anna: ['anna', 'attic'], ben: ['ben', 'barn'], cem: ['cem'], dora: ['dora'] }
const PERSONS = Object.keys(PEOPLE)
const DEVICES = Object.values(PEOPLE).flat()

/** An edit such as people make. Few entities, so that devices meet in them. */
function someEdit(prng: Prng, person: string): Edit {
  const tag = personTag(did(person))
  const number = prng.int(3)
  const item = prng.pick([`post/${tag}.${number}`, `task/t${number}`, `note/n${number}`])
  const text = prng.pick(['', 'a', 'longer', 'ünïcode 🪨'])
  const deleted = prng.chance(0.2) ? { deleted: prng.chance(0.7) } : {}
  return prng.pick<() => Edit>([
    () => ({ kind: 'space', id: 'space', set: { title: text, backup: prng.chance(0.5) } }),
    () => ({
      kind: 'profile',
      id: tag,
      set: { name: text, keeps: [{ did: 'did:web:example.com', rev: '', at: number }].slice(number) },
    }),
    () => ({ kind: 'post', id: `${tag}.${number}`, set: { text, ...deleted } }),
    () => ({
      kind: 'post',
      id: `${tag}.r${number}`,
      set: { text, parent: item, mentions: [did(prng.pick(PERSONS))] },
    }),
    () => ({
      kind: 'reaction',
      id: reactionId(did(person), item, '👍'),
      set: { target: item, emoji: '👍', on: prng.chance(0.7) },
    }),
    () => ({ kind: 'note', id: `n${number}`, set: { title: text, ...deleted } }),
    () => ({ kind: 'task', id: `t${number}`, set: { title: text, done: prng.chance(0.5), ...deleted } }),
    () => ({
      kind: 'task',
      id: `t${number}`,
      set: { order: prng.pick(['a0', 'a1', 'a0V', 'Zz']), due: prng.pick([null, '2028-02-29']) },
    }),
    () => ({
      kind: 'task',
      id: `t${number}`,
      set: { assignee: did(person) },
      unset: prng.chance(0.5) ? ['due'] : [],
    }),
    () => ({
      kind: 'file',
      id: `f${number}`,
      set: { name: text, size: number, preview: prng.bytes(number) },
    }),
    () => ({ kind: 'pin', id: pinId(item), set: { target: item, on: prng.chance(0.7), order: 'a0' } }),
    () => ({ kind: 'read', id: readId(did(person), item), set: { upTo: prng.int(200) } }),
  ])()
}

/** A record changed at random: mostly nothing, sometimes another register. */
function damaged(prng: Prng, { collection, rkey, value }: InnerRecord): InnerRecord {
  const bytes = new Uint8Array(value)
  for (let n = prng.int(3); n >= 0; n--) bytes[prng.int(bytes.length)] = prng.int(256)
  return {
    collection: prng.chance(0.1) ? 'app.cairn.space.other' : collection,
    rkey: prng.chance(0.1) ? '..' : rkey,
    value: prng.chance(0.2) ? bytes.subarray(0, prng.int(bytes.length)) : bytes,
  }
}

interface History {
  /** devices and places that ever had a record */
  readonly places: readonly (readonly [device: string, place: InnerPlace])[]
  readonly group: Group
  readonly replicas: readonly Replica[]
  /** what liars left in place of records of devices, as it stands in the end */
  readonly lies: readonly (readonly [device: string, record: InnerRecord])[]
}

/** Devices that write, meet, part, lose roles; their clocks are years apart. */
function live(seed: number, steps: number): History {
  const prng = createPrng(seed)
  const group = createGroup(PEOPLE, 'anna')
  const replicas = DEVICES.map((name) => createReplica(group, name))
  const clocks = new Map(DEVICES.map((name) => [did(name), (prng.int(60) - 30) * 31_536_000_000]))
  const lies: [string, InnerRecord][] = []
  const places: [string, InnerPlace][] = []
  let half = prng.int(DEVICES.length)
  for (let step = 0; step < steps; step++) {
    const one = prng.pick(replicas)
    const person = PERSONS.find((it) => did(it) === group.persons.get(one.device)) ?? 'anna'
    const dice = prng.float()
    if (dice < 0.55) {
      const edits = Array.from({ length: 1 + prng.int(3) }, () => someEdit(prng, person))
      const code = codeOf(() => one.edit(edits, (clocks.get(one.device) ?? 0) + step * 1000))
      if (code !== 'none' && !/read-only|admins-only/.test(code)) throw new Error(code)
    } else if (dice < 0.85) {
      // Only who is on the same side of the partition hears of it.
      const other = prng.pick(replicas)
      if (replicas.indexOf(one) < half !== replicas.indexOf(other) < half) continue
      for (const record of one.own.values())
        if (prng.chance(0.8)) other.content.put(one.device, record, record.value)
    } else if (dice < 0.9) half = prng.int(DEVICES.length)
    else if (dice < 0.94) {
      group.roles.set(did(prng.pick(PERSONS)), prng.pick(['none', 'reader', 'writer', 'admin', 'admin']))
      for (const { content } of replicas) content.membersChanged()
    } else if (dice < 0.96) {
      const item = prng.pick(['note/n1', 'task/t2', `post/${personTag(did('ben'))}.1`])
      if (!group.hidden.delete(item)) group.hidden.add(item)
      for (const { content } of replicas) if (prng.chance(0.5)) content.membersChanged()
    } else {
      const record = [...one.own.values()][prng.int(one.own.size)]
      // A record of its own that went bad, or a copy of it where only others may write.
      if (record !== undefined && prng.chance(0.5)) {
        one.own.delete(`${record.collection}/${record.rkey}`)
        places.push([one.device, record])
        lies.push([one.device, damaged(prng, record)])
      } else if (record !== undefined)
        lies.push([prng.pick(replicas).device, { ...record, rkey: `${personTag(did('ben'))}.x` }])
    }
  }
  return { group, replicas, lies, places }
}

/** What stands in all repos in the end, each place once. */
function recordsOf({ replicas, lies }: History): readonly (readonly [string, InnerRecord])[] {
  const all = new Map<string, readonly [string, InnerRecord]>()
  const put = (device: string, record: InnerRecord): void =>
    void all.set(`${device} ${record.collection}/${record.rkey}`, [device, record])
  for (const [device, record] of lies) put(device, record)
  for (const { device, own } of replicas) for (const record of own.values()) put(device, record)
  return [...all.values()]
}

it('is the same everywhere, whatever came in which order', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 32 }), (seed, steps) => {
      const history = live(seed, steps)
      const records = recordsOf(history)
      const persons = PERSONS.map(did)
      const prng = createPrng(`order ${seed}`)
      const fresh = createContent({ who: history.group })
      for (const [device, record] of records) fresh.put(device, record, record.value)
      const wanted = shown(fresh, persons)
      for (const { content } of prng.shuffle([...history.replicas]).slice(0, 4)) {
        for (const [device, place] of history.places) content.put(device, place, undefined)
        // Whatever a replica saw on the way, once it has what is there now it shows the same.
        for (const [device, record] of prng.shuffle([...records])) {
          if (prng.chance(0.1)) content.put(device, record, damaged(prng, record).value)
          if (prng.chance(0.1)) content.put(device, record, undefined)
          if (prng.chance(0.05)) shown(content, persons)
          content.put(device, record, record.value)
        }
        const back = prng.pick(history.replicas)
        if (prng.chance(0.3)) {
          content.drop(back.device)
          for (const [device, record] of records)
            if (device === back.device) content.put(device, record, record.value)
        }
        content.membersChanged()
        expect(shown(content, persons)).toBe(wanted)
      }
    }),
    { numRuns: runs(400), seed: 20_26 },
  )
})

/** The rule of merging, on the decoded records and as plainly as it can be said. */
function plainly(history: History): Map<string, Record<string, FieldValue>> {
  const best = new Map<string, Map<string, readonly [number, string, FieldValue | undefined]>>()
  for (const { device, own } of history.replicas) {
    const person = history.group.personOf(device) ?? ''
    for (const { collection, rkey, value } of own.values()) {
      const kind = kindOf(collection) as Kind
      if (kind === 'space' && history.group.roleOf(person) !== 'admin') continue
      if (isOwned(kind) && rkey.slice(0, 20) !== personTag(person)) continue
      const { f } = decode(value) as { f: Record<string, [number, number, unknown?]> }
      const fields = best.get(itemOf(kind, rkey)) ?? new Map()
      for (const [name, [counter, , raw]] of Object.entries(f)) {
        const other = fields.get(name)
        const read = raw === undefined ? undefined : toFieldValue(raw)
        const isMore =
          kind === 'read' && other !== undefined && other[2] !== read
            ? Number(read) > Number(other[2])
            : other === undefined || counter > other[0] || (counter === other[0] && device > other[1])
        if (isMore) fields.set(name, [counter, device, read])
      }
      best.set(itemOf(kind, rkey), fields)
    }
  }
  return new Map(
    [...best].map(([item, fields]) => [
      item,
      Object.fromEntries(
        [...fields].flatMap(([name, [, , value]]) =>
          value === undefined || name === 'deleted' ? [] : [[name, value] as const],
        ),
      ),
    ]),
  )
}

it('takes of each field the value with the greatest counter', () => {
  let seen = 0
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const history = live(seed, 40)
      const content = createContent({ who: history.group })
      for (const { device, own } of history.replicas)
        for (const record of own.values()) content.put(device, record, record.value)
      const wanted = plainly(history)
      for (const [item, fields] of wanted) {
        const [kind = '', id = ''] = item.split('/')
        expect(content.get(kind as Kind, id)?.fields).toEqual(fields)
        seen++
      }
    }),
    { numRuns: runs(200), seed: 7 },
  )
  expect(seen).toBeGreaterThan(3_000)
})
