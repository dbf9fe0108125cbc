import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasWords, wordsFor } from './words.ts'

const ROOMS = ['core', 'repo', 'storage', 'pds', 'net', 'sync', 'cairn', 'relay/store']

/** Every error code that stands as a literal in the rooms whose errors reach a screen. */
function codesInSource(): string[] {
  const found = new Set<string>()
  for (const room of ROOMS) {
    const folder = join(import.meta.dirname, '..', room)
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts') || name.endsWith('.test.ts') || name.includes('testing')) continue
      const isErrorFile = name.endsWith('errors.ts')
      const source = readFileSync(join(folder, name), 'utf8')
      const pattern = isErrorFile
        ? /'((?:core|repo|storage|pds|net|sync|agreement|store|cairn|account|writing|moving)\.[a-z0-9-]+)'/g
        : /(?:Error\(\s*|code: )'((?:core|repo|storage|pds|net|network|sync|agreement|cairn|remote|account|writing|moving)\.[a-z0-9-]+)'/g
      for (const match of source.matchAll(pattern)) if (match[1] !== undefined) found.add(match[1])
    }
  }
  return [...found].sort()
}

describe('words', () => {
  it('has sentences for every error code of the product', () => {
    const codes = codesInSource()
    expect(codes.length).toBeGreaterThan(50)
    expect(codes.filter((code) => !hasWords(code))).toEqual([])
  })

  it('says what happened, what is safe and what to do, whatever the fields are', () => {
    const strange = [
      {},
      { host: 5, handle: null, path: {}, status: 'x', retryAfter: -1 },
      { host: 'x'.repeat(5_000) },
      { reason: 'contradicts-kept' },
      { reason: 'unsupported-cid' },
      { reason: 'no-key' },
      { reason: 'older-than-kept' },
      { headInFuture: true },
      { reason: 'store.quota', limit: 5_000_000 },
      { reason: 'resource_limit_exceeded', asked: 3, limit: 4 },
      { reason: 'toString', asked: -1 },
      { reason: 'deadline' },
      { tokenGiven: true },
    ]
    for (const code of [
      ...codesInSource(),
      'repo.never-heard',
      'storage.x',
      'pds.x',
      'else.where',
      'toString',
    ]) {
      for (const fields of strange) {
        const { title, safe, next } = wordsFor(code, fields)
        for (const sentence of [title, safe, next]) {
          expect(sentence.length, code).toBeGreaterThan(8)
          expect(sentence.length, code).toBeLessThan(260)
          expect(sentence, code).toMatch(/^[A-Zx].*[.]$/)
          expect(sentence, code).not.toMatch(/undefined|\[object|NaN/)
        }
      }
    }
  })

  it('tells reasons apart that a person acts on differently', () => {
    const title = (code: string, fields: Record<string, unknown>) => wordsFor(code, fields).title
    for (const [code, field, value] of [
      ['pds.plc-log-invalid', 'reason', 'contradicts-kept'],
      ['pds.blob-mismatch', 'reason', 'unsupported-cid'],
      ['repo.bad-signature', 'reason', 'no-key'],
      ['repo.past-key', 'reason', 'older-than-kept'],
      ['repo.rev-rollback', 'headInFuture', true],
      ['net.refused', 'reason', 'store.full'],
      ['net.refused', 'reason', 'resource_limit_exceeded'],
      ['store.not-admitted', 'tokenGiven', true],
      ['store.not-admitted', 'why', 'not-listed'],
      ['sync.no-copy', 'asked', 3],
      ['account.code-needed', 'again', true],
      ['account.scope', 'need', 'move'],
    ] as const) {
      expect(title(code, { [field]: value }), code).not.toBe(title(code, {}))
    }
  })

  it('names what it can', () => {
    expect(wordsFor('pds.timeout', { host: 'pds.example.org' }).title).toBe('pds.example.org did not answer.')
    expect(wordsFor('storage.quota', { needed: 52_000_000 }).next).toContain('52.0 MB')
  })
})
