import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { storageCompliance } from '../../storage/compliance.ts'
import { openLevel } from '../../storage/level/open.ts'
import type { Storage, WriteOp } from '../../storage/port.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { createGate, type Gate, type GateRules } from './gate.ts'
import { openLedger } from './ledger.ts'

const rules: GateRules = {
  limit: Number.POSITIVE_INFINITY,
  allowance: () => Number.POSITIVE_INFINITY,
  makeRoom: async () => false,
  onRepo: () => {},
}

storageCompliance('LevelDB behind a store’s gate', {
  async open() {
    const directory = await mkdtemp(join(tmpdir(), 'cairn-gate-'))
    const opened: Storage[] = []
    const reopen = async (): Promise<Storage> => {
      for (const one of opened.splice(0)) await one.close()
      const { storage } = await createGate(await openLevel(directory), rules)
      opened.push(storage)
      return storage
    }
    return {
      storage: await reopen(),
      reopen,
      async cleanup() {
        for (const one of opened) await one.close()
        await rm(directory, { recursive: true, force: true })
      },
    }
  },
})

const dids = ['did:web:a.test', 'did:web:b.test'] as const
const did = fc.constantFrom(...dids)
const segmentOps = fc
  .record({ did, id: fc.nat(5), size: fc.nat(3000), drop: fc.boolean() })
  .map(({ did: of, id, size, drop }): WriteOp[] =>
    drop
      ? [
          { type: 'delete', table: 'segments', key: `${of}/${id}` },
          { type: 'delete-bytes', key: `seg/${of}/${id}.0` },
        ]
      : [
          { type: 'put', table: 'segments', key: `${of}/${id}`, value: { size } },
          { type: 'put-bytes', key: `seg/${of}/${id}.0`, parts: [new Uint8Array(size)] },
        ],
  )
const blobOps = fc
  .record({ did, id: fc.nat(5), bytes: fc.nat(3000), state: fc.constantFrom('kept', 'wanted', 'skipped') })
  .map(({ did: of, id, bytes, state }): WriteOp[] => [
    { type: 'put', table: 'blobs', key: `${of}/${id}`, value: { cid: String(id), state, bytes } },
  ])
const spillOps = fc
  .record({ did, id: fc.nat(3), bytes: fc.nat(2000), drop: fc.constantFrom('no', 'one', 'all') })
  .map(({ did: of, id, bytes, drop }): WriteOp[] => {
    const key = `spill/${of}/x.${id}`
    if (drop === 'one') return [{ type: 'delete-bytes', key }]
    if (drop === 'all') return [{ type: 'delete-bytes-range', from: `spill/${of}/`, to: `spill/${of}0` }]
    return [{ type: 'put-bytes', key, parts: [new Uint8Array(bytes)] }]
  })
const rangeOps = fc
  .record({ did, table: fc.constantFrom('segments' as const, 'blobs' as const) })
  .map(({ did: of, table }): WriteOp[] => [{ type: 'delete-range', table, from: `${of}/`, to: `${of}0` }])
const writes = fc.array(
  fc.array(fc.oneof(segmentOps, blobOps, spillOps, rangeOps), { maxLength: 4 }).map((it) => it.flat()),
  { maxLength: 12 },
)

describe('a gate', () => {
  it('counts what is there, whatever was written together, and as many bytes of each repo', () =>
    withLevel(async (inner) => {
      await fc.assert(
        fc.asyncProperty(writes, async (all) => {
          for (const of of dids)
            await inner.write([
              { type: 'delete-range', table: 'segments', from: `${of}/`, to: `${of}0` },
              { type: 'delete-range', table: 'blobs', from: `${of}/`, to: `${of}0` },
              { type: 'delete-bytes-range', from: 'seg/', to: 'spill0' },
            ])
          const gate = await createGate(inner, rules)
          await Promise.all(all.map((ops) => gate.storage.write(ops, { durability: 'relaxed' })))
          // Spilled bytes have no row: they count while they are there, and go when a store is opened.
          await gate.storage.write([{ type: 'delete-bytes-range', from: 'spill/', to: 'spill0' }])
          const anew = await openLedger(inner)
          expect(gate.used).toBe(anew.used)
          for (const of of dids) expect(gate.usedBy(of)).toBe(anew.usedBy(of))
        }),
        { numRuns: 60 },
      )
    }))

  it('never passes its cap, whatever is written at once', () =>
    withLevel(async (inner) => {
      const limit = 64 * 1024 + 10_000
      const gate = await createGate(inner, { ...rules, limit })
      const ends = await Promise.allSettled(
        Array.from({ length: 20 }, (_, id) =>
          gate.storage.write([
            { type: 'put', table: 'segments', key: `${dids[0]}/${id}`, value: { size: 1000 } },
            { type: 'put-bytes', key: `seg/${dids[0]}/${id}.0`, parts: [new Uint8Array(1000)] },
          ]),
        ),
      )
      const refused = ends.filter((it) => it.status === 'rejected')
      expect(refused.length).toBeGreaterThan(10)
      for (const { reason } of refused)
        expect(reason).toMatchObject({ code: 'store.full', fields: { limit } })
      expect(gate.used).toBeLessThanOrEqual(10_000)
      expect((await inner.byteKeys()).length).toBe(ends.length - refused.length)
    }))

  it('counts what is held beside it, and gives nothing up for that', () =>
    withLevel(async (inner) => {
      const asked: number[] = []
      const makeRoom = async (most: number): Promise<boolean> => {
        asked.push(most)
        await gate.hold(-6000)
        return true
      }
      const gate: Gate = await createGate(inner, { ...rules, limit: 64 * 1024 + 10_000, makeRoom })
      const write = (id: string): Promise<void> =>
        gate.storage.write([
          { type: 'put', table: 'segments', key: `${dids[0]}/${id}`, value: { size: 5000 } },
          { type: 'put-bytes', key: `seg/${dids[0]}/${id}.0`, parts: [new Uint8Array(5000)] },
        ])
      expect(await gate.hold(6000)).toBe(true)
      expect(await gate.hold(6000)).toBe(false)
      expect([gate.used, asked]).toEqual([6000, []])
      await write('a')
      // Who wants to keep something has room made, of what was only held.
      expect(asked.length).toBe(1)
      expect(gate.used).toBe((await openLedger(inner)).used)
      expect(await gate.hold(5000)).toBe(false)
    }))

  it('holds back a head that nothing proves', () =>
    withLevel(async (inner) => {
      const gate = await createGate(inner, rules)
      const snapshot = { did: dids[0], signature: 'unchecked' }
      const write = gate.storage.write([
        { type: 'put', table: 'repos', key: dids[0], value: {} },
        { type: 'put', table: 'snapshots', key: `${dids[0]}/1`, value: snapshot },
      ])
      await expect(write).rejects.toMatchObject({ code: 'store.unproven', fields: { did: dids[0] } })
      expect(gate.repos.size).toBe(0)
      expect(await inner.keys('repos')).toEqual([])
    }))
})
