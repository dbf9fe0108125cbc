import { describe, expect, it } from 'vitest'
import { sha256 } from '../../pack/testing/sha256.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import type { SpaceSigner } from '../../repo/space/commit.ts'
import { MembersError } from './errors.ts'
import { createMembers, MAX_FORKS, type Members } from './members.ts'
import type { Act } from './model.ts'
import { signConsent } from './consent.ts'
import { encodeOperation, signOperation } from './operation.ts'
import { acts, commitCid, did, headOf, keyOf, SPACE } from './testing/story.ts'

const signerOf = (name: string): SpaceSigner => ({
  id: did(name),
  sign: async (bytes) => keyOf(name).sign(bytes),
})

interface Made {
  readonly cid: string
  readonly bytes: Uint8Array
}

async function make(
  author: string,
  seq: number,
  parents: readonly Made[],
  act: Act,
  by?: string,
): Promise<Made> {
  const fields = {
    space: SPACE,
    author: did(author),
    seq,
    parents: parents.map((it) => it.cid).sort(),
    at: 0,
    act,
  }
  return signOperation(fields, signerOf(author), by === undefined ? undefined : signerOf(by), sha256)
}

const create = await make('owner', 1, [], acts.create('heir'), 'authority')
const anna = await make('owner', 2, [create], acts.role('anna', 'admin'), 'authority')
const wim = await make('anna', 1, [anna], acts.role('wim', 'writer'))
const consent = await signConsent(
  { space: SPACE, by: did('wim'), person: did('wim'), device: did('phone') },
  signerOf('phone'),
)
const phone = await make('wim', 1, [wim], {
  kind: 'device',
  body: { person: did('wim'), device: did('phone'), consent },
})
const drop = await make('phone', 1, [phone], acts.drop('wim', [headOf('wim', 1)]))
const xia = await make('anna', 2, [wim], acts.role('xia', 'reader'))
const merge = await make('anna', 3, [drop, xia], acts.hide('post'))
const ALL = [create, anna, wim, phone, drop, xia, merge]

const open = (waiting?: { operations: number; perAuthor: number; bytes: number }): Members =>
  createMembers({ space: SPACE, root: create.cid, sha256, ...(waiting === undefined ? {} : { waiting }) })

async function filled(list: readonly Made[] = ALL): Promise<Members> {
  const members = open()
  for (const it of list) await members.add(it.bytes)
  return members
}

async function refusal(members: Members, bytes: Uint8Array): Promise<string> {
  const before = JSON.stringify([members.all(), members.missing()])
  try {
    await members.add(bytes)
    return 'none'
  } catch (error) {
    expect(JSON.stringify([members.all(), members.missing()])).toBe(before)
    if (error instanceof MembersError) return error.code
    throw error
  }
}

describe('members of a space', () => {
  it('are the same in whatever order operations come, at once or one by one', async () => {
    const expected = (await filled()).state()
    expect(expected.devices.get(did('phone'))).toBe('writer')
    expect(expected.devices.has(did('wim'))).toBe(false)
    const prng = createPrng('order')
    for (let n = 0; n < 20; n++) {
      const order = prng.shuffle([...ALL])
      const members = open()
      const entered: string[] = []
      if (n % 2 === 0) for (const it of order) entered.push(...(await members.add(it.bytes)).entered)
      else
        for (const it of await Promise.all(order.map((made) => members.add(made.bytes))))
          entered.push(...it.entered)
      expect([...entered].sort()).toEqual(ALL.map((it) => it.cid).sort())
      expect(members.missing()).toEqual([])
      expect(members.state()).toEqual(expected)
    }
  })

  it('say what they wait for', async () => {
    const members = open()
    expect((await members.add(merge.bytes)).is).toBe('waits')
    expect(members.missing()).toEqual([drop.cid, xia.cid].sort())
    await members.add(xia.bytes)
    expect(members.missing()).toEqual([drop.cid, wim.cid].sort())
    expect((await members.add(merge.bytes)).is).toBe('waits')
  })

  it('give operations back, and numbers for the next', async () => {
    const members = await filled()
    expect(members.bytesOf(drop.cid)).toEqual(drop.bytes)
    expect(() => members.bytesOf(commitCid('none'))).toThrow(MembersError)
    expect([members.nextSeq(did('anna')), members.nextSeq(did('zoe'))]).toEqual([4, 1])
    expect(members.state().heads).toEqual([merge.cid])
    const claim = { author: did('phone'), rev: '3lbaaaaaaaa22', cid: commitCid('x'), members: [merge.cid] }
    expect([members.mayWrite(claim), members.mayWrite({ ...claim, author: did('xia') })]).toEqual([
      true,
      false,
    ])
  })

  it('are of a space whose authority its name tells', () => {
    expect(() =>
      createMembers({ space: 'at://did:plc:abc/space/a.b.c/main', root: create.cid, sha256 }),
    ).toThrow(MembersError)
  })
})

describe('what is refused', () => {
  it('an operation of another space', async () => {
    const space = `${SPACE}2`
    const fields = { space, author: did('anna'), seq: 3, parents: [xia.cid], at: 0, act: acts.hide('x') }
    const { bytes } = await signOperation(fields, signerOf('anna'), undefined, sha256)
    expect(await refusal(await filled(), bytes)).toBe('members.wrong-space')
  })

  it('a beginning by another key', async () => {
    const members = open()
    const { bytes } = await make('zoe', 1, [], acts.create(), 'zoe')
    expect(await refusal(members, bytes)).toBe('members.unknown-author')
    expect(members.state().devices.size).toBe(0)
  })

  it('a second beginning, though the authority signs it', async () => {
    const { bytes } = await make('thief', 1, [], acts.create('pal'), 'authority')
    expect(await refusal(await filled(), bytes)).toBe('members.not-allowed')
    expect(await refusal(open(), bytes)).toBe('members.not-allowed')
  })

  it('an operation with a signature that does not hold', async () => {
    const fields = {
      space: SPACE,
      author: did('anna'),
      seq: 4,
      parents: [merge.cid],
      at: 0,
      act: acts.hide('x'),
    }
    const forged = encodeOperation(fields, null, keyOf('wim').sign(new Uint8Array(3)))
    expect(await refusal(await filled(), forged)).toBe('members.bad-signature')
  })

  it('parents of which one is behind the other, and numbers that are taken or skipped', async () => {
    const members = await filled()
    const behind = await make('anna', 4, [merge, wim], acts.hide('x'))
    expect(await refusal(members, behind.bytes)).toBe('members.parents')
    for (const seq of [1, 3, 5]) {
      const { bytes } = await make('anna', seq, [merge], acts.hide(`x ${seq}`))
      expect(await refusal(members, bytes)).toBe('members.sequence')
    }
  })

  it('with all that follows it, also what waited', async () => {
    const members = await filled([create, anna, wim])
    const bad = await make('wim', 1, [wim], acts.role('zoe', 'writer'))
    const next = await make('wim', 2, [bad], acts.leave('wim'))
    const last = await make('wim', 3, [next], acts.leave('wim'))
    expect((await members.add(last.bytes)).is).toBe('waits')
    expect((await members.add(next.bytes)).is).toBe('waits')
    await expect(members.add(bad.bytes)).rejects.toMatchObject({ code: 'members.not-allowed' })
    expect(members.missing()).toEqual([])
    expect(await refusal(members, next.bytes)).toBe('members.refused-parent')
    expect(await refusal(members, last.bytes)).toBe('members.refused-parent')
  })

  it('a stranger’s, before a signature is looked at', async () => {
    const members = await filled()
    const before = JSON.stringify([...members.state().devices])
    for (let n = 0; n < 2_000; n++) {
      const act = acts.hide(`spam ${n}`)
      const fields = { space: SPACE, author: did('zoe'), seq: 1, parents: [merge.cid], at: n, act }
      // Signed by nobody: one that was verified would be another error.
      const bytes = encodeOperation(fields, null, new Uint8Array(64).fill(1))
      expect(await refusal(members, bytes)).toBe('members.unknown-author')
    }
    expect(members.all()).toHaveLength(ALL.length)
    expect(JSON.stringify([...members.state().devices])).toBe(before)
  })
})

describe('what waits', () => {
  it('is bounded, and strangers go first', async () => {
    const members = open({ operations: 8, perAuthor: 4, bytes: 100_000 })
    for (const it of [create, anna, wim]) await members.add(it.bytes)
    expect((await members.add(merge.bytes)).is).toBe('waits')
    for (let n = 0; n < 40; n++) {
      const fields = {
        space: SPACE,
        author: did(`stranger ${n % 20}`),
        seq: 1,
        parents: [commitCid(`nowhere ${n}`)],
        at: 0,
        act: acts.hide('x'),
      }
      await members.add(encodeOperation(fields, null, new Uint8Array(64).fill(1)))
    }
    expect(members.missing().length).toBeLessThanOrEqual(9)
    for (const it of [phone, drop, xia]) await members.add(it.bytes)
    expect(members.all()).toHaveLength(ALL.length)
  })

  it('of one author is bounded', async () => {
    const members = open({ operations: 100, perAuthor: 4, bytes: 100_000 })
    const is = []
    for (let n = 0; n < 6; n++) {
      const parents = [commitCid(`nowhere ${n}`)]
      const fields = { space: SPACE, author: did('zoe'), seq: 1, parents, at: 0, act: acts.hide('x') }
      is.push((await members.add(encodeOperation(fields, null, new Uint8Array(64)))).is)
    }
    expect(is).toEqual(['waits', 'waits', 'waits', 'waits', 'dropped', 'dropped'])
  })

  it('does not go round when a hash is broken so that two follow each other', async () => {
    const other = { space: SPACE, author: did('zoe'), seq: 1, at: 0, act: acts.hide('x') }
    const [one, two] = [commitCid('one'), commitCid('two')]
    const bytes = [
      encodeOperation({ ...other, parents: [two] }, null, new Uint8Array(64)),
      encodeOperation({ ...other, parents: [one] }, null, new Uint8Array(64)),
    ]
    // One's digest is what the other names.
    let calls = 0
    const digests = ['commit one', 'commit two'].map((it) => sha256(new TextEncoder().encode(it)))
    const members = createMembers({
      space: SPACE,
      root: create.cid,
      sha256: () => digests[calls++] ?? new Uint8Array(32),
    })
    for (const it of bytes) expect((await members.add(it)).is).toBe('waits')
    expect(members.missing()).toEqual([])
    expect(members.all()).toEqual([])
  })
})

describe('an author who acts as two', () => {
  it('is reported, with proof', async () => {
    const members = await filled()
    const other = await make('anna', 3, [xia], acts.hide('another'))
    await members.add(other.bytes)
    const [fork] = members.forks()
    expect(fork?.operations.map((it) => it.cid)).toEqual([merge.cid, other.cid].sort())
    expect(fork?.operations.map((it) => it.bytes)).toContainEqual(other.bytes)
    expect(members.state().hidden).toEqual(['another', 'post'])
  })

  it('is taken in to a bound, beyond that when others built on it', async () => {
    const members = await filled()
    const forks = []
    for (let n = 0; n <= MAX_FORKS; n++)
      forks.push(await make('wim', 1, [wim], acts.drop('wim', [headOf('phone', n)])))
    const late = forks.pop()
    // One is there already.
    const more = forks.pop()
    if (late === undefined || more === undefined) throw new Error('none')
    for (const it of forks) await members.add(it.bytes)
    expect(await refusal(members, late.bytes)).toBe('members.too-many')
    const child = await make('anna', 4, [merge, late], acts.hide('more'))
    expect((await members.add(child.bytes)).is).toBe('waits')
    expect((await members.add(late.bytes)).entered).toEqual([late.cid, child.cid])
    expect(await refusal(members, more.bytes)).toBe('members.too-many')
  })
})
