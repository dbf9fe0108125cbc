import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isAtUri, isDid, isHandle, isNsid, isRecordKey, isTid, parseAtUri } from './syntax.ts'
import { describeWithFixtures } from './testing/fixtures.ts'

const kinds: readonly (readonly [string, (text: string) => boolean])[] = [
  ['did', isDid],
  ['handle', isHandle],
  ['nsid', isNsid],
  ['recordkey', isRecordKey],
  ['tid', isTid],
  ['aturi', isAtUri],
]

describeWithFixtures('syntax vectors', (dir) => {
  const lines = (name: string): string[] =>
    readFileSync(join(dir, 'atproto-interop-tests/syntax', `${name}.txt`), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))

  for (const [kind, check] of kinds) {
    it(`${kind}: takes the valid and refuses the invalid`, () => {
      const valid = lines(`${kind}_syntax_valid`)
      const invalid = lines(`${kind}_syntax_invalid`)
      expect(valid.length * invalid.length).toBeGreaterThan(0)
      expect(valid.filter((text) => !check(text))).toEqual([])
      expect(invalid.filter(check)).toEqual([])
    })
  }
})

describe('identifier syntax', () => {
  it('gives the parts of an at:// URI', () => {
    expect(parseAtUri('at://did:plc:abc/com.example.thing/self')).toEqual({
      authority: 'did:plc:abc',
      collection: 'com.example.thing',
      rkey: 'self',
    })
    expect(parseAtUri('at://a.test')).toEqual({ authority: 'a.test', collection: undefined, rkey: undefined })
  })

  it('refuses a line break at the end, which a `$` in other modes would pass', () => {
    for (const [, check] of kinds) {
      for (const text of ['did:plc:abc', 'a.test', 'a.b.c', 'self', '3jzfcijpj2z2a', 'at://a.test']) {
        expect(check(`${text}\n`)).toBe(false)
      }
    }
  })

  it('answers at once on text made to make it search', () => {
    const started = performance.now()
    for (const text of [
      'a.'.repeat(4000),
      `did:${'a'.repeat(2040)}`,
      `did:a:${':'.repeat(2040)}`,
      'a-'.repeat(120),
    ]) {
      for (const [, check] of kinds) check(text)
    }
    expect(performance.now() - started).toBeLessThan(500)
  })
})
