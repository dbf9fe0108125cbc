import { describe, expect, it } from 'vitest'
import { formatAgo, formatBytes, formatDuration, parseDate, plural, pluralWord, shorten } from './format.ts'

describe('format', () => {
  it('writes sizes in decimal units', () => {
    expect(formatBytes(0)).toMatch(/^0 bytes?$/)
    expect(formatBytes(1)).toBe('1 byte')
    expect(formatBytes(23_900_000)).toBe('23.9 MB')
    expect(formatBytes(999_600)).toBe('1.0 MB')
    expect(formatBytes(512_000_000)).toBe('512 MB')
  })

  it('counts with the right noun', () => {
    expect(plural(1, 'record')).toBe('1 record')
    expect(plural(48_210, 'record')).toBe('48,210 records')
    expect(pluralWord(4, 'repository', 'repositories')).toBe('Four repositories')
    expect(pluralWord(12, 'repository', 'repositories')).toBe('12 repositories')
  })

  it('tells time from now', () => {
    const now = Date.UTC(2026, 10, 20, 12)
    expect(formatAgo(now - 10_000, now)).toBe('just now')
    expect(formatAgo(now - 120_000, now)).toBe('2 minutes ago')
    expect(formatAgo(now - 26 * 3_600_000, now)).toBe('yesterday')
    expect(formatAgo(now + 120_000, now)).toBe('in 2 minutes')
    expect(formatAgo(Date.UTC(2026, 10, 3), now)).toMatch(/^on .*November.*2026$/)
    expect(formatDuration(0.2)).toBe('1 s')
    expect(formatDuration(4_800)).toBe('1 h 20 min')
  })

  it('shortens in the middle and never to something longer', () => {
    expect(shorten('did:plc:ewvi7nxzyoun6zhxrhs64oiz')).toBe('did:plc:ewvi7n…s64oiz')
    expect(shorten('short')).toBe('short')
    expect(shorten('12345678901234')).toBe('12345678901234')
  })

  it('takes only sane dates from records', () => {
    expect(parseDate('2026-11-03T10:00:00Z')).toBe(Date.UTC(2026, 10, 3, 10))
    for (const bad of [undefined, 5, 'yesterday', 'x'.repeat(100), {}]) expect(parseDate(bad)).toBeUndefined()
  })
})
