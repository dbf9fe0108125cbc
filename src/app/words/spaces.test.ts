import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasWords, wordsFor } from '../words.ts'

const PLACES = ['spaces', 'sync/spaces', 'repo/space']
const CODE = /'((?:spaces|space|space-sync|members|content|text|keys|presence|persons)\.[a-z0-9-]+)'/g
const RAISED = /Error\(\s*'((?:spaces|space|content|keys)\.[a-z0-9-]+)'/g
/** A type of codes, a table of them, or an error made of one. */
const MADE = /\b(?:type \w+ErrorCode =[^\n]*(?:\n {2}\|[^\n]*)+)/g

/** Every code that an error of these rooms can have. */
function codesInSource(): string[] {
  const found = new Set<string>()
  for (const place of PLACES) {
    const folder = join(import.meta.dirname, '..', '..', place)
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('errors.ts')) continue
      const source = readFileSync(join(folder, name), 'utf8')
      for (const [type] of source.matchAll(MADE))
        for (const [, code] of type.matchAll(CODE)) if (code !== undefined) found.add(code)
    }
  }
  const engine = join(import.meta.dirname, '..', '..', 'cairn', 'spaces')
  for (const name of readdirSync(engine)) {
    if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue
    const source = readFileSync(join(engine, name), 'utf8')
    for (const [, code] of source.matchAll(RAISED)) if (code !== undefined) found.add(code)
  }
  return [...found].sort()
}

describe('words of spaces', () => {
  it('are there for every error code', () => {
    const codes = codesInSource()
    expect(codes.length).toBeGreaterThan(80)
    expect(codes.filter((code) => !hasWords(code))).toEqual([])
  })

  it('are whole sentences, whatever the fields are', () => {
    const strange = [
      {},
      { reason: 'toString' },
      { reason: 5 },
      { reason: 'count', found: 11 },
      { reason: 'unknown', at: 3 },
      { reason: 'checksum' },
      { most: 65_536 },
    ]
    for (const code of [...codesInSource(), 'spaces.never-heard', 'space-sync.x'])
      for (const fields of strange) {
        const { title, safe, next } = wordsFor(code, fields)
        for (const sentence of [title, safe, next]) {
          expect(sentence, code).toMatch(/^[A-Z].*[.]$/)
          expect(sentence, code).not.toMatch(/undefined|\[object|NaN/)
        }
      }
  })

  it('say of each link why it opens nothing', () => {
    const link = (reason: string) => wordsFor('space-sync.mailbox', { reason }).title
    const titles = [
      link('revoked'),
      link('expired'),
      link('used-up'),
      link('unknown'),
      link('unreachable'),
      wordsFor('spaces.link-damaged').title,
      wordsFor('spaces.version').title,
    ]
    expect(new Set(titles).size).toBe(titles.length)
  })
})
