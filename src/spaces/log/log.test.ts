import { describe, expect, it } from 'vitest'
import { sha256 } from '../../pack/testing/sha256.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { expectCode } from '../../storage/compliance/subject.ts'
import type { Storage } from '../../storage/port.ts'
import { createFaulty } from '../../storage/testing/faulty.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import type { SignedOperation } from '../members/operation.ts'
import {
  signed,
  signedCard,
  signedClose,
  signedDevice,
  signedJoin,
  signedLink,
} from '../members/testing/signed.ts'
import { acts, did, headOf, SPACE } from '../members/testing/story.ts'
import { createSpaceLog } from './log.ts'
import type { SpaceLog } from './model.ts'
import { forgetLog } from './rows.ts'

const create = await signed('owner', 1, [], acts.create('heir'), 'authority')
const anna = await signed('owner', 2, [create], acts.role('anna', 'admin'), 'authority')
const gate = await signed('anna', 1, [anna], await signedLink('anna', 'gate'))
const kim = await signed('kim', 1, [gate], await signedJoin('kim', 'gate'))
const wim = await signed('anna', 2, [gate], acts.role('wim', 'writer'))
const phone = await signed('wim', 1, [wim], await signedDevice('wim', 'wim', 'phone'))
const drop = await signed('phone', 1, [phone], acts.drop('wim', [headOf('wim', 1)]))
const closing = await signed('anna', 3, [wim, kim], await signedClose('anna', 'gate', [kim]))
const OPS = [create, anna, gate, kim, wim, phone, drop, closing]
const bytesOf = (list: readonly SignedOperation[]) => list.map((it) => it.bytes)
const CARDS = await Promise.all(['owner', 'anna', 'wim', 'phone'].map((it) => signedCard(it)))

const open = (storage: Storage, space = SPACE): Promise<SpaceLog> =>
  createSpaceLog({ storage, space, root: create.cid, sha256 })

/** Everything that a log says. */
const says = (log: SpaceLog) => ({
  state: log.members.state(),
  heads: log.heads(),
  all: [...log.after([])].sort(),
  cards: [...log.cards()].map(([device, it]) => [device, Buffer.from(it).toString('hex')]),
  digest: Buffer.from(log.digest()).toString('hex'),
})

async function filled(storage: Storage): Promise<SpaceLog> {
  const log = await open(storage)
  await log.add({ operations: bytesOf(OPS), cards: CARDS })
  return log
}

describe('the log of a space', () => {
  it('holds what came, in any order, after a restart too', () =>
    withLevel(async (a) => {
      const first = await filled(a)
      expect(first.after([])).toHaveLength(OPS.length)
      expect([...first.cards().keys()]).toEqual(['owner', 'anna', 'wim', 'phone', 'kim'].map(did).sort())
      expect(first.card(did('kim'))?.device).toBe(did('kim'))
      expect(first.bytes).toBe([...bytesOf(OPS), ...CARDS].reduce((sum, it) => sum + it.length, 0))
      const again = await open(a)
      expect(says(again)).toEqual(says(first))
      expect(again.bytes).toBe(first.bytes)
      const prng = createPrng('order')
      for (let n = 0; n < 5; n++) {
        await withLevel(async (b) => {
          const other = await open(b)
          for (const it of prng.shuffle([...OPS])) await other.add({ operations: [it.bytes] })
          for (const it of prng.shuffle([...CARDS])) await other.add({ cards: [it] })
          expect(says(other)).toEqual(says(first))
          expect(says(await open(b))).toEqual(says(first))
        })
      }
    }))

  it('says what is new, what is missing, and what was refused', () =>
    withLevel(async (storage) => {
      const log = await open(storage)
      let told = 0
      const stop = log.onChange(() => told++)
      expect(await log.add({ operations: [wim.bytes] })).toEqual({
        ...{ changed: false, entered: [], refused: [] },
        missing: [gate.cid],
      })
      expect(told).toBe(0)
      const all = await log.add({ operations: bytesOf([gate, anna, create]) })
      expect(all).toMatchObject({ changed: true, refused: [], missing: [] })
      expect(all.entered).toEqual(bytesOf([create, anna, gate, wim]).map((_, at) => OPS_CIDS[at]))
      expect(await log.add({ operations: bytesOf([create]) })).toMatchObject({ changed: false, entered: [] })
      expect(told).toBe(1)
      const forged = new Uint8Array(phone.bytes)
      forged[forged.length - 5] = (forged[forged.length - 5] ?? 0) ^ 1
      const stranger = await signed('zoe', 1, [wim], acts.hide('x'))
      const before = says(log)
      const bad = await log.add({
        operations: [forged, stranger.bytes, new Uint8Array(3)],
        cards: [await signedCard('zoe'), new Uint8Array(9)],
      })
      expect(bad).toMatchObject({ changed: false, entered: [] })
      expect(bad.refused.map((it) => `${it.what} ${it.code}`)).toEqual([
        expect.stringMatching(/^operation members\.(bad-signature|malformed)$/),
        'operation members.unknown-author',
        'operation members.malformed',
        'card members.unknown-author',
        'card spaces.card-malformed',
      ])
      expect(says(log)).toEqual(before)
      stop()
      await log.add({ operations: [phone.bytes] })
      expect(told).toBe(1)
    }))

  it('gives what somebody else lacks, parents first', () =>
    withLevel(async (storage) => {
      const log = await filled(storage)
      expect(log.after(log.heads())).toEqual([])
      const lacks = log.after([gate.cid, 'bafyreiunknown'])
      expect([...lacks].sort()).toEqual([kim, wim, phone, drop, closing].map((it) => it.cid).sort())
      await withLevel(async (b) => {
        const other = await open(b)
        await other.add({ operations: bytesOf([create, anna, gate]) })
        const given = lacks.map((it) => log.operation(it) ?? expect.fail())
        for (const it of given) expect((await other.add({ operations: [it] })).missing).toEqual([])
        await other.add({ cards: [...log.cards().values()] })
        expect(says(other)).toEqual(says(log))
      })
      expect(log.operation('bafyreiunknown')).toBeUndefined()
    }))

  it('agrees on one of several cards of a device, and keeps no other', () =>
    withLevel((a) =>
      withLevel(async (b) => {
        const cards = await Promise.all(['wim', 'x', 'y', 'z'].map((seed) => signedCard('wim', seed)))
        const [one, two] = [await filled(a), await filled(b)]
        for (const it of cards) await one.add({ cards: [it] })
        const added = await two.add({ cards: cards.toReversed() })
        expect(added.refused).toEqual([])
        expect(says(one)).toEqual(says(two))
        expect(says(await open(a))).toEqual(says(one))
        const rows = OPS.length + CARDS.length
        expect([await a.count('space-log'), await b.count('space-log')]).toEqual([rows, rows])
        expect(one.bytes).toBe(two.bytes)
        const held = one.digest()
        held.fill(0)
        expect(one.digest()).toEqual(two.digest())
      }),
    ))

  it('has a digest that is another with each thing more', () =>
    withLevel(async (storage) => {
      const log = await open(storage)
      const seen = new Set([Buffer.from(log.digest()).toString('hex')])
      for (const it of OPS) {
        await log.add({ operations: [it.bytes] })
        seen.add(Buffer.from(log.digest()).toString('hex'))
      }
      for (const it of CARDS) {
        await log.add({ cards: [it] })
        seen.add(Buffer.from(log.digest()).toString('hex'))
      }
      expect(seen.size).toBe(1 + OPS.length + CARDS.length)
    }))

  it('that died at any write is good, and goes on', () =>
    withLevel(async (whole) => {
      const expected = says(await filled(whole))
      for (const when of ['before', 'after'] as const)
        for (let at = 1; at <= 4; at++)
          await withLevel(async (storage) => {
            const dying = await open(createFaulty(storage, at, when))
            const parts = [OPS.slice(0, 3), OPS.slice(3, 5), OPS.slice(5)]
            const acknowledged: string[] = []
            try {
              for (const part of parts)
                acknowledged.push(...(await dying.add({ operations: bytesOf(part) })).entered)
              await dying.add({ cards: CARDS })
              expect.fail('it did not die')
            } catch (error) {
              expect((error as { code?: string }).code).toBe('storage.gone')
            }
            // What did not get to the disk is shown to nobody.
            expect([...dying.after([])].sort()).toEqual(acknowledged.sort())
            const again = await open(storage)
            for (const cid of acknowledged) expect(again.operation(cid)).toBeDefined()
            await again.add({ operations: bytesOf(OPS), cards: CARDS })
            expect(says(again)).toEqual(expected)
            expect(await storage.count('space-log')).toBe(OPS.length + CARDS.length)
          })
    }))

  it('writes with the next what a failing disk did not take', () =>
    withLevel(async (storage) => {
      let isFull = true
      const flaky: Storage = {
        ...storage,
        write: (ops, options) =>
          isFull ? createFaulty(storage, 1).write(ops, options) : storage.write(ops, options),
      }
      const log = await open(flaky)
      await expectCode(log.add({ operations: bytesOf(OPS), cards: CARDS }), 'storage.gone')
      expect(log.after([])).toEqual([])
      isFull = false
      expect((await log.add({ operations: [create.bytes] })).changed).toBe(true)
      expect(log.after([])).toHaveLength(OPS.length)
      expect(says(await open(storage))).toEqual(says(log))
    }))

  it('is one for two contexts that have it open', () =>
    withLevel(async (storage) => {
      const [one, two] = [await open(storage), await open(storage)]
      await Promise.all([
        one.add({ operations: bytesOf(OPS.slice(0, 5)), cards: CARDS }),
        two.add({ operations: bytesOf(OPS), cards: CARDS }),
      ])
      expect((await one.add({})).changed).toBe(true)
      await two.add({ cards: CARDS })
      expect(says(one)).toEqual(says(two))
      expect(says(await open(storage))).toEqual(says(one))
    }))

  it('passes over rows that it cannot read, and asks for what follows them', () =>
    withLevel(async (storage) => {
      const expected = says(await filled(storage))
      const [, second, third] = await storage.list('space-log')
      if (second === undefined || third === undefined) throw new Error('none')
      await storage.write([
        {
          type: 'put',
          table: 'space-log',
          key: second.key,
          value: { kind: 'operation', bytes: new Uint8Array(4) },
        },
        { type: 'put', table: 'space-log', key: third.key, value: 'nothing' },
      ])
      const log = await open(storage)
      expect(log.after([])).toEqual([create.cid])
      await log.add({ operations: bytesOf(OPS), cards: CARDS })
      expect(says(log)).toEqual(expected)
      expect(says(await open(storage))).toEqual(expected)
    }))

  it('takes from who has no access the join of that device, and nothing else', () =>
    withLevel(async (storage) => {
      const log = await open(storage)
      await log.add({ operations: bytesOf([create, anna, gate]) })
      const before = says(log)
      expect(await log.knock(did('kim'), wim.bytes)).toBe(false)
      expect(await log.knock(did('lee'), kim.bytes)).toBe(false)
      expect(await log.knock(did('kim'), new Uint8Array(7))).toBe(false)
      expect(says(log)).toEqual(before)
      expect(log.joinOf(did('kim'))).toBeUndefined()
      expect(await log.knock(did('kim'), kim.bytes)).toBe(true)
      expect(log.members.state().devices.get(did('kim'))).toBe('writer')
      expect(log.joinOf(did('kim'))).toEqual(kim.bytes)
      expect((await open(storage)).joinOf(did('kim'))).toEqual(kim.bytes)
      // One whose link is not here waits for it.
      await withLevel(async (b) => {
        const bare = await open(b)
        expect(await bare.knock(did('kim'), kim.bytes)).toBe(false)
      })
    }))

  it('tells who was put out what did it, and gives no other a word', () =>
    withLevel(async (storage) => {
      const log = await filled(storage)
      expect(log.endingOf(did('wim'), [phone.cid])).toEqual([drop.cid])
      expect(log.endingOf(did('gate'), [gate.cid])?.at(-1)).toBe(closing.cid)
      expect([did('phone'), did('zoe')].map((it) => log.endingOf(it, []))).toEqual([undefined, undefined])
    }))

  it('is of one space, and is forgotten alone', () =>
    withLevel(async (storage) => {
      const log = await filled(storage)
      const beside = await open(storage, `${SPACE}2`)
      expect((await beside.add({ operations: [create.bytes] })).refused).toEqual([
        { what: 'operation', code: 'members.wrong-space' },
      ])
      expect(beside.after([])).toEqual([])
      await storage.write([forgetLog(`${SPACE}2`)])
      expect(says(await open(storage))).toEqual(says(log))
      await storage.write([forgetLog(SPACE)])
      expect(await storage.count('space-log')).toBe(0)
      await expectCode(open(storage, 'at://did:plc:abc/space/a.b.c/main'), 'members.wrong-space')
    }))
})

const OPS_CIDS = [create, anna, gate, wim].map((it) => it.cid)
