import { describe, expect, it } from 'vitest'
import { isEmpty, mergePrivate, partOf } from './private-data.ts'
import type { PrivateRow } from './model.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const row = (
  at: number,
  mutes: readonly unknown[] | undefined,
  drafts: readonly unknown[] | undefined,
): PrivateRow => ({
  did,
  at,
  parts: [
    { name: 'mutes', items: mutes, problem: mutes === undefined ? 'pds.network' : undefined },
    { name: 'drafts', items: drafts, problem: drafts === undefined ? 'pds.network' : undefined },
  ],
})

describe('what is brought here beside a repo', () => {
  it('takes the place of what was there, but for what could not be read', () => {
    const merged = mergePrivate(row(1, ['old'], ['kept']), row(2, ['new'], undefined))
    expect(partOf(merged, 'mutes')).toEqual(['new'])
    expect(partOf(merged, 'drafts')).toEqual(['kept'])
    // what went wrong is still said
    expect(merged.parts[1]?.problem).toBe('pds.network')
    expect(merged.at).toBe(2)
  })

  it('is as old as it is, when nothing could be read', () => {
    const merged = mergePrivate(row(1, ['old'], []), row(2, undefined, undefined))
    expect(merged.at).toBe(1)
    expect(partOf(merged, 'mutes')).toEqual(['old'])
    expect(isEmpty(merged)).toBe(false)
    expect(isEmpty(mergePrivate(undefined, row(2, undefined, undefined)))).toBe(true)
  })

  it('is emptied by an answer that is empty', () => {
    expect(partOf(mergePrivate(row(1, ['old'], []), row(2, [], [])), 'mutes')).toEqual([])
  })
})
