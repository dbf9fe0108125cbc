import { describe, expect, it } from 'vitest'
import { snapshotsOf } from './kept.ts'
import { answer, endAfter, fail } from './testing/faults.ts'
import { contents, expectNothingTwice, storedBlocks, wanted, withSync } from './testing/sync-kit.ts'

describe('an update', () => {
  it('asks only for what changed, and shares the rest', () =>
    withSync(async ({ pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 120 })
      const first = (await backUp(alice.did)).snapshot
      const stored = await storedBlocks(storage, alice.did)
      const edited = alice.commit({ create: 3, update: 2, delete: 2 })
      pds.asked.length = 0
      const { snapshot } = await backUp(alice.did)
      if (snapshot === undefined || first === undefined) throw new Error('nothing kept')
      expect(pds.asked.filter((it) => it.startsWith('getRepo?'))).toHaveLength(1)
      expect(pds.asked).not.toContain('getRepo')
      expect(await contents(storage, snapshot)).toEqual(wanted(edited))
      // What upstream deleted stays in the older snapshot.
      expect(await contents(storage, first)).toEqual(wanted(alice.history[0] ?? edited))
      await expectNothingTwice(storage, alice.did)
      expect((await storedBlocks(storage, alice.did)).length - stored.length).toBeLessThan(30)
    }))

  const useless = uselessAnswers()
  it.each(useless)('asks for all when a since answer %s', (_name, fault) =>
    withSync(async ({ pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 120 })
      await backUp(alice.did)
      const edited = alice.commit({ create: 2, update: 2, delete: 1 })
      pds.asked.length = 0
      pds.next('getRepo', fault)
      const { snapshot } = await backUp(alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(pds.asked.filter((it) => it.startsWith('getRepo') && it !== 'getRepoStatus')).toEqual([
        'getRepo?since',
        'getRepo',
      ])
      expect(await contents(storage, snapshot)).toEqual(wanted(edited))
      await expectNothingTwice(storage, alice.did)
      expect(await snapshotsOf(storage, alice.did)).toHaveLength(2)
    }),
  )
})

/** Ways in which an answer to `since` can be of no use though the server has all. */
function uselessAnswers() {
  return [
    ['is an error 500', fail(500)],
    ['is an error 400', fail(400, 'InvalidRequest')],
    ['is empty', answer(new Uint8Array())],
    ['is no CAR', answer(Buffer.from('internal error'))],
    ['lacks a tree node', answer((body) => withoutBlock(body, true))],
    ['lacks a record', answer((body) => withoutBlock(body, false))],
    ['ends early', endAfter(700)],
  ] as const
}

/** A CAR without its last block that is (or is not) a tree node. */
function withoutBlock(car: Uint8Array, node: boolean): Uint8Array {
  let at = 0
  const frames: { from: number; to: number }[] = []
  while (at < car.length) {
    let length = 0
    let shift = 0
    const from = at
    for (let more = true; more; shift += 7) {
      const byte = car[at++] ?? 0
      length |= (byte & 0x7f) << shift
      more = byte >= 0x80
    }
    at += length
    frames.push({ from, to: at })
  }
  // A tree node is a map of `e` and `l`; the bytes say so without a decoder.
  const isNode = ({ from, to }: { from: number; to: number }): boolean =>
    Buffer.from(car.subarray(from, to)).includes(Buffer.from([0xa2, 0x61, 0x65]))
  const isCommit = ({ from, to }: { from: number; to: number }): boolean =>
    Buffer.from(car.subarray(from, to)).includes('cversion') ||
    Buffer.from(car.subarray(from, to)).includes('gversion')
  const out = frames.slice(1).findLast((it) => isNode(it) === node && !isCommit(it))
  if (out === undefined) throw new Error('no such block')
  return Buffer.concat([car.subarray(0, out.from), car.subarray(out.to)])
}
