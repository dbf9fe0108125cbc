import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../core/bytes.ts'
import { isNsid, isRecordKey } from '../core/syntax.ts'
import { describeWithFixtures } from '../core/testing/fixtures.ts'
import { checkPath, checkPathString, MAX_PATH_BYTES } from './path.ts'

describeWithFixtures('path vectors', (dir) => {
  const lines = (name: string): string[] =>
    readFileSync(join(dir, 'atproto-interop-tests/syntax', `${name}.txt`), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))

  it('takes valid collections and keys', () => {
    expect(lines('nsid_syntax_valid').filter((nsid) => !checkPathString(`${nsid}/self`))).toEqual([])
    expect(lines('recordkey_syntax_valid').filter((key) => !checkPathString(`a.b.c/${key}`))).toEqual([])
  })

  it('refuses invalid collections and keys', () => {
    expect(lines('nsid_syntax_invalid').filter((nsid) => checkPathString(`${nsid}/self`))).toEqual([])
    expect(lines('recordkey_syntax_invalid').filter((key) => checkPathString(`a.b.c/${key}`))).toEqual([])
  })
})

describe('path', () => {
  it('is exactly an NSID, a slash and a record key, by the other implementation of both', () => {
    const char = fc.constantFrom(
      ...'aZ09-._~:/@ é'.split(''),
      'com.example.thing',
      '3jzfcijpj2z2a',
      'a'.repeat(62),
    )
    fc.assert(
      fc.property(fc.array(char, { maxLength: 14 }), fc.nat(3), (parts, pad) => {
        const text = parts.join('')
        const slash = text.indexOf('/')
        const bytes = utf8(text)
        const expected =
          slash >= 0 &&
          isNsid(text.slice(0, slash)) &&
          isRecordKey(text.slice(slash + 1)) &&
          bytes.length <= 1024
        expect(checkPathString(text)).toBe(expected)
        const padded = concat([new Uint8Array(pad).fill(0x61), bytes, Uint8Array.of(0x61)])
        expect(checkPath(padded, pad, pad + bytes.length)).toBe(expected)
      }),
      { numRuns: 3000 },
    )
  })

  it.each([
    '',
    '/',
    'a.b.c',
    'a.b.c/',
    '/self',
    'a.b.c/.',
    'a.b.c/..',
    'a.b.c//self',
    'a.b.c/d/e',
    'a.b/self',
    'a.b.c /self',
  ])('refuses %j', (path) => expect(checkPathString(path)).toBe(false))

  it('takes keys that only look like the forbidden ones', () => {
    for (const key of ['...', '.a', 'a.', '._']) expect(checkPathString(`a.b.c/${key}`)).toBe(true)
  })

  it('holds to every length', () => {
    const collection = `${'a.'.repeat(126)}b.${'c'.repeat(62)}`
    expect(checkPathString(`${collection}/${'k'.repeat(512)}`)).toBe(true)
    expect(checkPathString(`${collection}/${'k'.repeat(513)}`)).toBe(false)
    expect(checkPathString(`${'a.'.repeat(126)}b.${'c'.repeat(63)}/k`)).toBe(true)
    expect(checkPathString(`${'a.'.repeat(126)}bb.${'c'.repeat(63)}/k`)).toBe(false)
    expect(checkPathString(`a.b.${'c'.repeat(63)}/k`)).toBe(true)
    expect(checkPathString(`a.b.${'c'.repeat(64)}/k`)).toBe(false)
    expect(checkPathString('a'.repeat(MAX_PATH_BYTES + 1))).toBe(false)
  })

  it('refuses a range beyond the array', () => {
    const bytes = utf8('a.b.c/d')
    expect(checkPath(bytes, 0, bytes.length + 1)).toBe(false)
    expect(checkPath(bytes, 5, 5)).toBe(false)
  })
})
