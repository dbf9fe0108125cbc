import { expect, it } from 'vitest'
import { utf8 } from '../../core/bytes.ts'
import { createSafeNames, safeName } from './safe-names.ts'

it.each([
  ['Minutes', 'Minutes'],
  ['../../etc/passwd', 'etc passwd'],
  ['C:\\Windows\\x.dll', 'C Windows x.dll'],
  ['a/b|c?d*e<f>g"h:i', 'a b c d e f g h i'],
  ['photo\u202egpj.exe', 'photo gpj.exe'],
  ['line\r\nbreak\u0000.txt', 'line break.txt'],
  ['trailing. . .', 'trailing'],
  ['.hidden', 'hidden'],
  ['..', 'File'],
  ['   ', 'File'],
  ['', 'File'],
  ['con', '_con'],
  ['COM1.txt', '_COM1.txt'],
  ['lpt¹.a.b', '_lpt¹.a.b'],
  ['aux .txt', '_aux.txt'],
  ['console.txt', 'console.txt'],
  ['half \ud800 char', 'half \ufffd char'],
  ['e\u0301te\u0301', 'été'],
  ['👩‍🌾 Garden.png', '👩‍🌾 Garden.png'],
])('a file called %j is %j', (wanted, name) => {
  expect(safeName(wanted, 'File')).toBe(name)
})

it('cuts long names between characters and keeps the extension', () => {
  const name = safeName(`${'😀'.repeat(100)}.jpeg`, 'File')
  expect(utf8(name).length).toBeLessThanOrEqual(120)
  expect(name).toMatch(/^(?:😀){20,}\.jpeg$/u)
  expect(utf8(safeName('x'.repeat(500), 'File')).length).toBe(120)
  expect(safeName(`a.${'b'.repeat(300)}`, 'File').length).toBe(120)
})

it('gives each a name that no system takes for another', () => {
  const names = createSafeNames()
  const wanted = [
    'Notes',
    'notes',
    'NOTES',
    'Notes (2)',
    'Straße',
    'STRASSE',
    'é',
    'e\u0301',
    'ﬁ',
    'fi',
    '',
    '//',
  ]
  const taken = wanted.map((it) => names.take(it, 'Note', '.md'))
  expect(taken).toEqual([
    ...['Notes.md', 'notes (2).md', 'NOTES (3).md', 'Notes (2) (2).md', 'Straße.md', 'STRASSE (2).md'],
    ...['é.md', 'é (2).md', 'ﬁ.md', 'fi (2).md', 'Note.md', 'Note (2).md'],
  ])
  expect(new Set(taken.map((it) => it.normalize('NFKC').toUpperCase().toLowerCase())).size).toBe(
    wanted.length,
  )
})

it('names ten thousand of one name without looking at all of them each time', () => {
  const names = createSafeNames()
  for (let i = 1; i < 10_000; i++) names.take('same.txt', 'File', '')
  expect(names.take('Same.txt', 'File', '')).toBe('Same (10000).txt')
})
