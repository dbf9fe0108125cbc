import { expect, it } from 'vitest'
import type { Timers } from '../../core/timers.ts'
import type { KnownHead } from '../../storage/head.ts'
import type { Storage } from '../../storage/port.ts'
import { headOf, repoRow } from '../kept.ts'
import { createConfirmations } from './confirmations.ts'
import { copyRows } from './copy-rows.ts'
import { type EngineKit, withEngine } from './testing/engine-kit.ts'

function some<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is there')
  return value
}

const knownHead = async (storage: Storage, did: string): Promise<KnownHead> => ({
  row: some(await repoRow(storage, did)),
  head: some(await headOf(storage, did)),
})

/** Confirmations over the storage of the kit's engine, with a count of writes and a timer that a test ends. */
function setup({ b }: EngineKit) {
  const writes: number[] = []
  const apart: string[] = []
  const told: string[] = []
  const due: (() => void)[] = []
  const timers: Timers = {
    after(_ms, run) {
      due.push(run)
      return () => void due.splice(due.indexOf(run), 1)
    },
  }
  const confirmations = createConfirmations({
    storage: {
      ...b.storage,
      write(ops, options) {
        writes.push(ops.length)
        return b.storage.write(ops, options)
      },
    },
    clock: { now: () => 5000 },
    timers,
    async word({ peer }, _did, rev) {
      apart.push(`${peer} ${rev}`)
    },
    onCopies: (did) => told.push(did),
  })
  return { confirmations, writes, apart, told, due }
}

it('notes in one write who else has the head that is here', () =>
  withEngine(async (kit) => {
    const { b, a, c, alice, meet, candidate } = kit
    c.serve()
    await meet(a)
    await meet(c)
    const { confirmations, writes, apart, told, due } = setup(kit)
    alice.commit({ create: 1 })
    await b.backUp(alice.did)
    const now = await knownHead(b.storage, alice.did)
    const { rev } = alice.repo
    expect(confirmations.take(candidate(a), alice.did, rev)).toBe(false)
    confirmations.moved(now)
    expect(confirmations.take(candidate(a), alice.did, rev)).toBe(true)
    expect(confirmations.take(candidate(c), alice.did, rev)).toBe(true)
    expect(writes).toEqual([])
    expect(due.length).toBe(1)
    due[0]?.()
    await confirmations.flush()
    expect(writes).toEqual([2])
    expect(told).toEqual([alice.did])
    expect(apart).toEqual([])
    const noted = { rev, commit: now.head.commitCid, answeredAt: 5000, saidAt: 5000, failures: 0 }
    expect(await copyRows(b.storage, alice.did)).toEqual([
      expect.objectContaining(noted),
      expect.objectContaining(noted),
    ])
    // Said before.
    expect(confirmations.take(candidate(a), alice.did, rev)).toBe(true)
    await confirmations.flush()
    expect(writes).toEqual([2])
  }))

it('leaves to others what says more, and of whom nothing is known', () =>
  withEngine(async (kit) => {
    const { b, d, alice, candidate } = kit
    const { confirmations, writes, apart, due } = setup(kit)
    const now = await knownHead(b.storage, alice.did)
    confirmations.moved(now)
    expect(confirmations.take(candidate(d), alice.did, alice.repo.rev)).toBe(false)
    expect(confirmations.take(candidate(d), 'did:plc:other', some(now.head.rev))).toBe(false)
    expect(confirmations.take(candidate(d), alice.did, some(now.head.rev))).toBe(true)
    await confirmations.flush()
    expect([writes, due]).toEqual([[], []])
    expect(apart).toEqual([`${d.id} ${now.head.rev}`])
  }))

it('notes nothing of a repo that was deleted meanwhile, and nothing when it is closed', () =>
  withEngine(async (kit) => {
    const { b, a, alice, meet, candidate } = kit
    await meet(a)
    const { confirmations, writes, apart, due } = setup(kit)
    const now = await knownHead(b.storage, alice.did)
    confirmations.moved(now)
    const rev = some(now.head.rev)
    expect(confirmations.take(candidate(a), alice.did, rev)).toBe(true)
    await b.storage.write([{ type: 'delete-range', table: 'copies', from: '', to: '~' }])
    await confirmations.flush()
    expect([writes, apart]).toEqual([[], [`${a.id} ${rev}`]])
    expect(confirmations.take(candidate(a), alice.did, rev)).toBe(true)
    await confirmations.close()
    expect([writes, due, apart.length]).toEqual([[], [], 1])
  }))
