import { expect, it } from 'vitest'
import { createTestTimers } from '../../sync/testing/timers.ts'
import { createTransfers } from './transfers.ts'

const DID = 'did:plc:alice'

it('what is sent moves until it pauses, each kind to each peer by itself', () => {
  const { clock, pass } = createTestTimers()
  const transfers = createTransfers(clock, { list: () => [] })
  transfers.sent('ben', DID, 1000)
  for (let i = 0; i < 4; i++) {
    pass(500)
    transfers.sent('ben', DID, 1000)
    transfers.sent('ben', DID, 10, 'blobs')
    transfers.sent('eve', DID, 1, 'changes')
  }
  const out = { did: DID, direction: 'out', totalBytes: undefined }
  expect(transfers.list()).toMatchObject([
    { ...out, peer: 'ben', what: 'repo', bytes: 5000, rate: 2000 },
    { ...out, peer: 'ben', what: 'blobs', bytes: 40, rate: 20 },
    { ...out, peer: 'eve', what: 'changes', bytes: 4 },
  ])
  expect(new Set(transfers.list().map((it) => it.id)).size).toBe(3)

  pass(3000)
  transfers.sent('eve', DID, 1, 'changes')
  pass(1000)
  expect(transfers.list()).toMatchObject([{ peer: 'eve', bytes: 5 }])
  pass(4000)
  expect(transfers.list()).toEqual([])
  transfers.sent('eve', DID, 1, 'changes')
  // The clock was ahead.
  pass(-1_000_000)
  expect(transfers.list()).toEqual([])
  // What begins again counts from there.
  transfers.sent('ben', DID, 7)
  expect(transfers.list()).toMatchObject([{ peer: 'ben', bytes: 7 }])
})
