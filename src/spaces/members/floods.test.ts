import { describe, expect, it } from 'vitest'
import { sha256 } from '../../pack/testing/sha256.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { MembersError } from './errors.ts'
import { createMembers, type Members } from './members.ts'
import { MAX_IDLE_JOINS } from './model.ts'
import type { SignedOperation } from './operation.ts'
import { signed, signedClose, signedDevice, signedJoin, signedLink } from './testing/signed.ts'
import { acts, did, SPACE } from './testing/story.ts'

const create = await signed('owner', 1, [], acts.create('heir'), 'authority')
const gate = await signed('owner', 2, [create], await signedLink('owner', 'gate'))
/** Who has the link makes device after device, each the later in time. */
const flood = await Promise.all(
  Array.from({ length: MAX_IDLE_JOINS + 30 }, async (_, n) =>
    signed(`bot ${n}`, 1, [gate], await signedJoin(`bot ${n}`, 'gate', 10 + n)),
  ),
)

async function open(...operations: readonly SignedOperation[]): Promise<Members> {
  const members = createMembers({ space: SPACE, root: create.cid, sha256 })
  for (const it of [create, gate, ...operations]) await give(members, it)
  return members
}

async function give(members: Members, { bytes }: SignedOperation): Promise<string> {
  try {
    return (await members.add(bytes)).is
  } catch (error) {
    if (error instanceof MembersError) return `${error.code} ${String(error.fields['what'])}`
    throw error
  }
}

const devicesOf = (members: Members): string[] => [...members.state().devices.keys()].sort()

describe('a flood of joins', () => {
  it('is taken in to a bound, and who comes first by their time is taken at any time', async () => {
    const members = await open()
    const answers: string[] = []
    for (const it of flood) answers.push(await give(members, it))
    expect(answers.filter((it) => it === 'in')).toHaveLength(2 + MAX_IDLE_JOINS)
    expect(new Set(answers)).toEqual(new Set(['in', 'members.too-many joins']))
    const early = await signed('kim', 1, [gate], await signedJoin('kim', 'gate', 1))
    expect(await give(members, early)).toBe('in')
    expect(devicesOf(members)).toEqual([did('owner'), did('bot 0'), did('kim')].sort())
  })

  it('brings no operations of those whom it does not let in', async () => {
    const [first, , third] = flood
    if (first === undefined || third === undefined) throw new Error('none')
    const members = await open(...flood.slice(0, 3))
    const own = await signed('bot 2', 2, [third], await signedDevice('bot 2', 'bot 2', 'pal'))
    expect(await give(members, own)).toBe('members.too-many joins')
    const theirs = await signed('bot 0', 2, [first], await signedDevice('bot 0', 'bot 0', 'pal'))
    expect(await give(members, theirs)).toBe('in')
    // Let in after all, they are heard.
    const grant = await signed('owner', 3, [third], acts.role('bot 2', 'reader'))
    expect(await give(members, grant)).toBe('in')
    expect(await give(members, own)).toBe('in')
  })

  it('is taken in further when somebody with a part here built on it, and not for one another’s sake', async () => {
    const members = await open(...flood)
    const extra = flood.at(-1) ?? expect.fail()
    const last = flood.at(-2) ?? expect.fail()
    const chained = await signed('bot x', 1, [last], await signedJoin('bot x', 'gate', 900))
    expect(await give(members, chained)).toBe('waits')
    expect(await give(members, last)).toBe('members.too-many joins')
    const closing = await signed('owner', 3, [extra], await signedClose('owner', 'gate', [extra]))
    expect(await give(members, closing)).toBe('waits')
    expect(members.missing()).toContain(extra.cid)
    expect(await give(members, extra)).toBe('in')
    expect(members.all()).toContain(closing.cid)
    expect(members.state().devices.has(did('bot 93'))).toBe(true)
  })

  it('does not keep out what a removed admin had closed', async () => {
    const anna = await signed('owner', 3, [gate], acts.role('anna', 'admin'), 'authority')
    const extra = flood.at(-1) ?? expect.fail()
    const closing = await signed('anna', 1, [anna, extra], await signedClose('anna', 'gate'))
    const removal = await signed('owner', 4, [anna], acts.change('anna', 'none'), 'authority')
    const members = await open(anna, ...flood, removal)
    expect(await give(members, extra)).toBe('members.too-many joins')
    expect(await give(members, closing)).toBe('waits')
    expect(await give(members, extra)).toBe('in')
    expect(members.all()).toContain(closing.cid)
    expect(devicesOf(members)).toEqual([did('owner')])
  })

  it('leaves all with the same members, whatever came first, once they gave each other what they have', async () => {
    const prng = createPrng('floods')
    const late = await signed('kim', 1, [gate], await signedJoin('kim', 'gate', 3))
    const removal = await signed('owner', 3, [flood[0] ?? expect.fail()], acts.change('bot 0', 'none'))
    const all = [...flood, late, removal]
    const replicas: Members[] = []
    for (let n = 0; n < 3; n++) replicas.push(await open(...prng.shuffle([...all]).slice(0, 80)))
    for (let round = 0; round < 3; round++) {
      for (const from of replicas)
        for (const to of replicas)
          for (const cid of from.all()) {
            const given = all.find((it) => it.cid === cid)
            if (from !== to && given !== undefined) await give(to, given)
          }
    }
    // Not all hold the same of what counts for nothing.
    const says = replicas.map((it) => {
      const { persons, devices, asks, links, authority } = it.state()
      const joins = links.map((link) => link.joins)
      return JSON.stringify([[...persons], [...devices], asks, joins, authority, it.history.barriers()])
    })
    expect(new Set(says).size).toBe(1)
    for (const it of replicas) expect(it.all().length).toBeLessThanOrEqual(3 + 2 + MAX_IDLE_JOINS + 3)
  })
})
