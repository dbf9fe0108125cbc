import { join } from 'node:path'
import * as fc from 'fast-check'
import { p256 } from '@noble/curves/nist.js'
import { describe, expect, it } from 'vitest'
import { runs } from '../../core/testing/runs.ts'
import { toHex, utf8 } from '../../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { sha256 } from '../../pack/testing/sha256.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { createLinkKey } from '../links/link-key.ts'
import { codeOf, createTestDevice, randomFrom, vectorText } from '../testing/kit.ts'
import { chooseEpoch } from './choose.ts'
import { type Epoch, type EpochFields, readEpoch, signEpoch } from './epoch.ts'
import { makeEpoch, type NewEpoch, openAncestors, openEpoch, openParent } from './keys.ts'
import { createIdealWrap } from './testing/ideal-wrap.ts'
import { createWorld, type Member, type Written } from './testing/world.ts'
import { parseWrap, unwrapEpoch, wrapEpoch } from './wrap.ts'

const prng = createPrng(3)
const ann = createTestDevice(prng)
const ben = createTestDevice(prng)
const cyd = createTestDevice(prng)
const space = 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/space/app.cairn.group/main'
const wanted: NewEpoch = {
  space,
  recipients: [ann.id, ben.id],
  members: [cidString(CODEC_DAG_CBOR, sha256(utf8('head')))],
  parents: [],
  hidePast: false,
}
const first = await makeEpoch(wanted, ann, randomFrom(1))
const second = await makeEpoch({ ...wanted, parents: [first.epoch] }, ben, randomFrom(2))
const hidden = await makeEpoch({ ...wanted, parents: [first.epoch], hidePast: true }, ben, randomFrom(4))

describe('an epoch', () => {
  it('has the committed bytes', async () => {
    const shown = []
    for (const { bytes, epoch } of [first, second, hidden]) {
      const info = await readEpoch(bytes)
      expect(info).toEqual(epoch.info)
      shown.push({ name: info.name, keyHex: toHex(epoch.key), hex: toHex(bytes) })
    }
    await expect(vectorText(shown)).toMatchFileSnapshot(join(import.meta.dirname, 'vectors', 'epoch.json'))
  })

  it('opens with its key and no other', async () => {
    expect((await openEpoch(first.epoch.info, first.epoch.key)).info.name).toBe(first.epoch.info.name)
    expect(await codeOf(() => openEpoch(first.epoch.info, second.epoch.key))).toBe('spaces.epoch-key')
    expect(await codeOf(() => openEpoch(first.epoch.info, new Uint8Array(31)))).toBe('spaces.invalid')
    const elsewhere = { ...first.epoch.info, space: `${space}2` }
    expect(await codeOf(() => openEpoch(elsewhere, first.epoch.key))).toBe('spaces.epoch-key')
  })

  it('opens those before it, unless the past is hidden', async () => {
    const parent = await openParent(second.epoch, first.epoch.info)
    expect(toHex(parent.key)).toBe(toHex(first.epoch.key))
    expect(await codeOf(() => openParent(hidden.epoch, first.epoch.info))).toBe('spaces.epoch-parent')
    expect(await codeOf(() => openParent(first.epoch, second.epoch.info))).toBe('spaces.epoch-parent')
    expect(await codeOf(() => openParent(second.epoch, hidden.epoch.info))).toBe('spaces.epoch-parent')
    const find = (name: string): Epoch | undefined =>
      [first, second].map((it) => it.epoch.info).find((it) => it.name === name)
    expect([...(await openAncestors([second.epoch], find)).opened.keys()].length).toBe(2)
    expect([...(await openAncestors([hidden.epoch], find)).opened.keys()].length).toBe(1)
  })

  it('whose maker sealed another key as its parent says so, and opens the rest', async () => {
    const liar = { ...first.epoch, key: second.epoch.key }
    const child = await makeEpoch({ ...wanted, parents: [liar, hidden.epoch] }, ben, randomFrom(5))
    expect(await codeOf(() => openParent(child.epoch, first.epoch.info))).toBe('spaces.epoch-key')
    const infos = [first.epoch.info, hidden.epoch.info]
    const { opened, faults } = await openAncestors([child.epoch], (name) =>
      infos.find((it) => it.name === name),
    )
    expect([...opened.keys()]).toEqual([child.epoch.info.name, hidden.epoch.info.name])
    expect(faults.map((it) => it.code)).toEqual(['spaces.epoch-key'])
  })

  it('with any byte changed or cut off is refused', async () => {
    const { bytes } = second
    for (let at = 0; at < bytes.length; at++) {
      const bad = bytes.slice()
      bad[at] = (bad[at] ?? 0) ^ 1
      expect(await codeOf(() => readEpoch(bad))).toMatch(/^spaces\.(epoch-malformed|bad-signature|version)/)
      expect(await codeOf(() => readEpoch(bytes.subarray(0, at)))).toBe('spaces.epoch-malformed dag-cbor')
    }
  })

  it('of another form is refused', async () => {
    const sign = (more: Partial<EpochFields>): Promise<string> =>
      codeOf(() => signEpoch({ ...first.epoch.info, ...more }, ann))
    const parent = { name: '00'.repeat(32), key: null }
    expect(await sign({})).toBe('none')
    expect(await sign({ maker: ben.id })).toBe('spaces.invalid')
    expect(await sign({ recipients: [] })).toBe('spaces.epoch-malformed recipients')
    expect(await sign({ recipients: [ann.id, ann.id] })).toBe('spaces.epoch-malformed recipients')
    expect(await sign({ members: [...wanted.members, ...wanted.members] })).toBe(
      'spaces.epoch-malformed members',
    )
    expect(await sign({ parents: [parent, parent] })).toBe('spaces.epoch-malformed parents')
    expect(await sign({ parents: [{ name: 'xy', key: null }] })).toBe('spaces.epoch-malformed parents')
    expect(await sign({ parents: [{ ...parent, key: new Uint8Array(47) }] })).toBe(
      'spaces.epoch-malformed parents',
    )
    expect(await codeOf(() => readEpoch(encodeDagCbor({ ver: 2 })))).toMatch(/^spaces\./)
    const other = { ...first.epoch, info: { ...first.epoch.info, space: `${space}2` } }
    expect(await codeOf(() => makeEpoch({ ...wanted, parents: [other] }, ann, randomFrom(1)))).toBe(
      'spaces.invalid',
    )
  })
})

describe('a wrap', () => {
  const ideal = createIdealWrap(randomFrom(8))
  const cardOf = (device: string, seed: number) => ({
    device,
    key: p256.getPublicKey(createLinkKey(randomFrom(seed)), false),
  })
  const card = cardOf(ben.id, 31)
  const own = ideal.unwrapper(ben.id, card.key)
  const anyone = { isRemoved: () => false }

  it('gives its device the key, and is made for nobody else', async () => {
    const bytes = await wrapEpoch(first.epoch, card, anyone, ideal.hpke)
    const opened = await unwrapEpoch(first.epoch.info, parseWrap(bytes), own)
    expect(toHex(opened.key)).toBe(toHex(first.epoch.key))
    expect(await codeOf(() => wrapEpoch(first.epoch, cardOf(cyd.id, 32), anyone, ideal.hpke))).toBe(
      'spaces.not-recipient',
    )
    const gone = { isRemoved: (it: string) => it === ben.id }
    expect(await codeOf(() => wrapEpoch(first.epoch, card, gone, ideal.hpke))).toBe('spaces.removed')
  })

  it('counts for no other epoch, space, device or key', async () => {
    const wrap = parseWrap(await wrapEpoch(first.epoch, card, anyone, ideal.hpke))
    const { info } = first.epoch
    expect(await codeOf(() => unwrapEpoch(second.epoch.info, wrap, own))).toBe('spaces.wrap-other epoch')
    expect(await codeOf(() => unwrapEpoch({ ...info, space: `${space}2` }, wrap, own))).toBe(
      'spaces.wrap-other space',
    )
    const anns = ideal.unwrapper(ann.id, card.key)
    expect(await codeOf(() => unwrapEpoch(info, wrap, anns))).toBe('spaces.wrap-other device')
    // As if for this one: the additional data and the info say otherwise.
    expect(await codeOf(() => unwrapEpoch(info, { ...wrap, device: ann.id }, anns))).toBe(
      'spaces.wrap-broken',
    )
    const renamed = { ...wrap, epoch: second.epoch.info.name }
    expect(await codeOf(() => unwrapEpoch(second.epoch.info, renamed, own))).toBe('spaces.wrap-broken')
    const foreign = { ...second.epoch, info }
    const lie = parseWrap(await wrapEpoch(foreign, card, anyone, ideal.hpke))
    expect(await codeOf(() => unwrapEpoch(info, lie, own))).toBe('spaces.epoch-key')
  })

  it('with any byte changed or cut off is refused', async () => {
    const bytes = await wrapEpoch(first.epoch, card, anyone, ideal.hpke)
    for (let at = 0; at < bytes.length; at++) {
      const bad = bytes.slice()
      bad[at] = (bad[at] ?? 0) ^ 1
      expect(await codeOf(() => unwrapEpoch(first.epoch.info, parseWrap(bad), own))).toMatch(
        /^spaces\.(wrap-malformed|wrap-other|wrap-broken|version)/,
      )
      expect(await codeOf(() => parseWrap(bytes.subarray(0, at)))).toBe('spaces.wrap-malformed dag-cbor')
    }
  })
})

const ALL = ['ops', 'epochs', 'wraps'] as const

/** A world whose first `count` members know each other and share an epoch. */
async function worldOf(count: number, all: number, hidePast = false) {
  const world = createWorld(all, hidePast)
  const [owner, ...others] = world.members.slice(0, count)
  if (owner === undefined) throw new Error('no owner')
  world.add(owner, owner)
  for (const it of others) world.add(owner, it)
  await world.write(owner)
  for (const it of others) world.carry(owner, it, ALL)
  // As many as were asked for.
  return { ...world, m: world.members as [Member, Member, Member, Member, Member] }
}

describe('chooseEpoch', () => {
  it('keeps to one while nobody goes, and makes one for who comes', async () => {
    const { m, write, add, carry } = await worldOf(3, 5)
    const one = (await write(m[0])).epoch
    expect((await write(m[1])).epoch).toBe(one)
    add(m[0], m[3])
    const two = (await write(m[0])).epoch
    expect(two).not.toBe(one)
    expect((await write(m[1])).epoch).toBe(one)
    carry(m[0], m[1], ALL)
    expect((await write(m[1])).epoch).toBe(two)
  })

  it('does not go back to a key that a later epoch gave away', async () => {
    const { m, write, add, remove, carry, everything } = await worldOf(2, 5)
    const one = (await write(m[1])).epoch
    add(m[0], m[2])
    await write(m[0])
    // The other learns who came and went, and nothing of the epoch in between: its own lists nobody that is removed.
    carry(m[0], m[1], ['ops'])
    remove(m[1], m[2])
    const { epoch } = await write(m[1])
    expect(epoch).not.toBe(one)
    const theirs = await everything(m[2])
    expect(theirs.has(one)).toBe(true)
    expect(theirs.has(epoch)).toBe(false)
  })

  it('shuts out who came by a link, though no epoch lists them', async () => {
    const { m, write, addByLink, remove, everything } = await worldOf(2, 5)
    const one = (await write(m[0])).epoch
    await addByLink(m[0], m[2])
    expect((await write(m[0])).epoch).toBe(one)
    remove(m[0], m[2])
    const { epoch } = await write(m[0])
    expect((await everything(m[2])).has(one)).toBe(true)
    expect((await everything(m[2])).has(epoch)).toBe(false)
  })

  it('does not take an epoch of a stranger, or for one', async () => {
    const { m, viewOf, held, write, carry } = await worldOf(2, 5)
    const one = (await write(m[0])).epoch
    const members = [...viewOf(m[0]).barriers]
    for (const [maker, recipients] of [
      [m[4], [m[0].id, m[1].id]],
      [m[1], [m[0].id, m[1].id, m[4].id]],
    ] as const) {
      const heads = (await held(m[0])).get(one)?.info.members ?? members
      const parents = [...(await held(m[1])).values()]
      const evil = await makeEpoch(
        { space, recipients, members: heads, parents, hidePast: false },
        maker,
        randomFrom(50),
      )
      m[0].epochs.set(evil.epoch.info.name, evil.epoch.info)
      m[0].own.set(evil.epoch.info.name, evil.epoch.key)
      expect((await write(m[0])).epoch).toBe(one)
    }
    carry(m[0], m[1], ALL)
    expect((await write(m[1])).epoch).toBe(one)
  })

  it('takes none that lists somebody without access, even when no barrier says why', async () => {
    const { m, viewOf, held, write } = await worldOf(3, 5)
    const one = (await write(m[0])).epoch
    const all = [...(await held(m[0])).values()]
    const view = viewOf(m[0])
    expect(chooseEpoch(m[0].id, all, view)).toMatchObject({ kind: 'use', epoch: { info: { name: one } } })
    const access = new Set([m[0].id, m[1].id])
    const choice = chooseEpoch(m[0].id, all, { ...view, access })
    expect(choice).toMatchObject({ kind: 'make', recipients: [...access].sort() })
    expect(choice.kind === 'make' && choice.parents.map((it) => it.info.name)).toEqual([one])
  })

  it('is not for who was removed', async () => {
    const { m, remove, write } = await worldOf(2, 5)
    remove(m[0], m[1])
    remove(m[0], m[0])
    expect(await codeOf(() => write(m[0]))).toBe('spaces.removed')
  })

  it('leaves neither of two able to read on, whom two removed at once', async () => {
    const { m, remove, carry, write, everything } = await worldOf(4, 5)
    const one = (await write(m[0])).epoch
    remove(m[0], m[2])
    remove(m[1], m[3])
    const a = (await write(m[0])).epoch
    const b = (await write(m[1])).epoch
    carry(m[0], m[1], ALL)
    carry(m[1], m[0], ALL)
    const after = [(await write(m[0])).epoch, (await write(m[1])).epoch]
    carry(m[0], m[1], ALL)
    carry(m[1], m[0], ALL)
    // Each made one; now both take the same.
    const joint = (await write(m[0])).epoch
    expect(after).toContain(joint)
    expect((await write(m[1])).epoch).toBe(joint)
    const [c, d] = [await everything(m[2]), await everything(m[3])]
    expect([c.has(one), c.has(a), c.has(b)]).toEqual([true, false, true])
    expect([d.has(one), d.has(a), d.has(b)]).toEqual([true, true, false])
    for (const name of [...after, joint]) expect([c.has(name), d.has(name)]).toEqual([false, false])
    expect((await everything(m[0])).size).toBe((await everything(m[1])).size)
  })

  const step = fc.record({
    what: fc.constantFrom('write', 'carry', 'part', 'remove', 'add', 'add and write', 'link'),
    from: fc.nat(4),
    to: fc.nat(4),
    parts: fc.constantFrom<readonly (typeof ALL)[number][]>(['ops'], ['ops', 'wraps'], ['epochs', 'wraps']),
  })

  it.each([false, true])(
    'in no order of events lets who is out read on (past hidden: %s)',
    async (hidePast) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
          const world = await worldOf(3, 5, hidePast)
          const written: Written[] = []
          for (const { what, from, to, parts } of steps) {
            const [a, b] = [world.members[from], world.members[to]]
            if (a === undefined || b === undefined) continue
            if (what === 'carry') world.carry(a, b, ALL)
            else if (what === 'part') world.carry(a, b, parts)
            else if (!world.hasAccess(a)) continue
            else if (what === 'write') written.push(await world.write(a))
            else if (a === b) continue
            else if (what === 'remove') world.remove(a, b)
            else if (what !== 'link') {
              world.add(a, b)
              if (what === 'add and write') written.push(await world.write(a))
            } else if (!world.viewOf(a).access.has(b.id)) await world.addByLink(a, b)
          }
          const reading = new Map<string, ReadonlyMap<string, unknown>>()
          for (const it of world.members) reading.set(it.id, await world.everything(it))
          for (const { epoch, shutOut, access, known } of written) {
            for (const device of shutOut) {
              // Let in again by someone of whom the writer has not heard: then they may.
              const back = [...world.allOps.values()].some(
                (it) => it.kind === 'add' && it.device === device && !known.has(it.id),
              )
              if (!back) expect(reading.get(device)?.has(epoch)).toBe(false)
            }
            for (const device of access) expect(reading.get(device)?.has(epoch)).toBe(true)
          }
        }),
        { numRuns: runs(25) },
      )
    },
  )
})
