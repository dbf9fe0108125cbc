import { describe, expect, it } from 'vitest'
import type { ActivityItem } from '../../cairn/api.ts'
import { activitySentence, SENTENCES } from './activity.ts'

const item = (kind: string, fields: ActivityItem['fields'], level: ActivityItem['level'] = 'info') => ({
  id: '1',
  at: 0,
  did: 'did:plc:abc',
  kind,
  fields,
  level,
})

describe('the history in sentences', () => {
  // that every kind which is noted stands in the table is held by its type
  it.each(Object.keys(SENTENCES))('%s is one, whatever the fields are', (kind) => {
    const strange = [
      {},
      { records: 5, added: 2, updated: 0, deleted: 1, fetched: 3, missing: 1, failed: 2, left: 1 },
      { records: 'x', label: {}, left: 0, changed: false },
    ]
    for (const fields of strange) {
      const sentence = activitySentence(item(kind, fields, 'bad'), 'Ana')
      expect(sentence).toMatch(/^[A-Z0-9].*[.]$/)
      expect(sentence).not.toMatch(/undefined|\[object|NaN|needs a look/)
    }
  })

  it('says which backup stands when the newest was lost', () => {
    expect(activitySentence(item('head.dropped', { left: 2 }, 'bad'), 'Ana')).toMatch(/one before it stands/)
    expect(activitySentence(item('head.dropped', { left: 0 }, 'bad'), 'Ana')).toMatch(/none before it/)
  })

  it('still names what a newer version has noted', () => {
    expect(activitySentence(item('toString', {}), 'Ana')).toBe('Ana changed.')
    expect(activitySentence(item('space.joined', {}, 'bad'), 'Ana')).toBe('Ana needs a look.')
  })
})
