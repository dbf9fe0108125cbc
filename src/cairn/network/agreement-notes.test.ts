import { describe, expect, it } from 'vitest'
import type { KeptAgreement } from '../../sync/agreements/model.ts'
import { createTestTimers } from '../../sync/testing/timers.ts'
import type { ActivityLog } from '../activity.ts'
import { createAgreementNotes } from './agreement-notes.ts'

const YEAR = 365 * 24 * 3_600_000
const [ALICE, BOB] = ['did:plc:alice', 'did:plc:bob']

const agreement = (change: Partial<KeptAgreement>): KeptAgreement => ({
  ...{ id: 'ben/1', peer: 'ben', ours: ALICE, theirs: BOB, state: 'active' },
  ...{ minCopies: 2, intervalSec: 600, priority: 50, createdAt: 1 },
  ...{ endedBy: undefined, endedAt: undefined, waiting: false, refused: undefined, purged: undefined },
  ...change,
})

function kit() {
  const { clock, pass } = createTestTimers()
  const notes: Parameters<ActivityLog['note']>[0][] = []
  const note = createAgreementNotes({ note: async (item) => void notes.push(item) }, clock)
  return { note, notes, pass }
}

describe('agreements in the history', () => {
  it.each([
    [{ state: 'offered' }, undefined, 'agreement.offered', 'us', 'info'],
    [{ state: 'incoming' }, undefined, 'agreement.offered', 'them', 'info'],
    [{ state: 'active' }, 'offered', 'agreement.accepted', 'them', 'good'],
    [{ state: 'active' }, 'incoming', 'agreement.accepted', 'us', 'good'],
    [{ state: 'ended', endedBy: 'us' }, 'active', 'agreement.ended', 'us', 'info'],
    [{ state: 'ended', endedBy: 'them' }, 'active', 'agreement.ended', 'them', 'warning'],
    [{ state: 'ended', endedBy: 'them' }, 'offered', 'agreement.ended', 'them', 'info'],
  ] as const)('%o, which was %s, is %s by %s', async (change, before, kind, by, level) => {
    const { note, notes } = kit()
    await note(agreement(change), before)
    const was = before === undefined ? {} : { before }
    expect(notes).toEqual([
      { did: ALICE, kind, level, fields: { peer: 'ben', by, ...was, ours: ALICE, theirs: BOB } },
    ])
  })

  it('are not told of twice, nor what is offered again by itself', async () => {
    const { note, notes } = kit()
    for (const state of ['offered', 'incoming', 'active', 'ended'] as const)
      await note(agreement({ state }), state)
    await note(agreement({ state: 'offered' }), 'active')
    expect(notes).toEqual([])
  })

  it('name the repo that there is', async () => {
    const { note, notes } = kit()
    await note(agreement({ state: 'offered', ours: undefined }), undefined)
    expect(notes).toMatchObject([{ did: BOB }])
    expect(notes[0]?.fields).not.toHaveProperty('ours')
  })

  it('of strangers fill it no faster than so many an hour, and hide nothing of ours', async () => {
    const { note, notes, pass } = kit()
    const flood = async () => {
      for (let i = 0; i < 100; i++) {
        await note(agreement({ peer: `stranger${i}`, state: 'incoming' }), undefined)
        await note(agreement({ peer: `stranger${i}`, state: 'ended', endedBy: 'them' }), 'incoming')
      }
    }
    await flood()
    expect(notes).toHaveLength(30)
    await note(agreement({ state: 'offered' }), undefined)
    await note(agreement({ state: 'active' }), 'offered')
    expect(notes).toHaveLength(32)
    pass(3_600_000)
    await flood()
    expect(notes).toHaveLength(62)
    // The clock was ahead.
    pass(-YEAR)
    await flood()
    expect(notes).toHaveLength(92)
  })
})
