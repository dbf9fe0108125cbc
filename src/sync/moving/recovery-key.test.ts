import { describe, expect, it } from 'vitest'
import { makePrivateKey, formatPrivateKey } from '../../pds/plc/private-key.ts'
import { keyFile, keyWords, readKeys, readListedKey } from './recovery-key.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'

describe('a recovery key', () => {
  it.each(['k256', 'p256'] as const)(
    'of %s comes back from its words, its file and its text',
    async (curve) => {
      const key = makePrivateKey(curve)
      const words = await keyWords(key)
      expect(words.split(' ')).toHaveLength(24)
      const typed = words
        .split(' ')
        .map((word, index) => `${index + 1}. ${word.toUpperCase()}`)
        .join('\n')
      for (const text of [words, typed, keyFile(key, { did }), formatPrivateKey(key), ` ${words}\n`]) {
        expect(await readListedKey(text, ['did:key:zother', key.didKey])).toEqual(key)
      }
    },
  )

  it('is told apart from another one', async () => {
    const words = await keyWords(makePrivateKey())
    await expect(readListedKey(words, [makePrivateKey().didKey])).rejects.toMatchObject({
      code: 'moving.wrong-key',
    })
  })

  it.each([
    ['nothing', '', { reason: 'count', found: 0 }],
    ['twelve words', Array.from({ length: 12 }, () => 'abandon').join(' '), { reason: 'count', found: 12 }],
    ['a word of no list', `${'abandon '.repeat(23)}cairnish`, { reason: 'word', at: 24 }],
    ['words that do not belong together', 'abandon '.repeat(24), { reason: 'checksum' }],
    ['a file of something else', '{"type":"app.cairn.private-data"}', { reason: 'form' }],
    ['a file that is cut off', '{"type":"app.cairn.account-key","priv', { reason: 'form' }],
    ['a file with a broken key', '{"type":"app.cairn.account-key","privateKey":"z123"}', { reason: 'form' }],
    ['a very long text', 'abandon '.repeat(1000), { reason: 'form' }],
  ])('is refused: %s', async (_name, text, fields) => {
    await expect(readKeys(text)).rejects.toMatchObject({ code: 'moving.bad-key', fields })
  })

  it('never shows what was typed in an error', async () => {
    const words = (await keyWords(makePrivateKey())).split(' ')
    const wrong = [...words.slice(0, 23), 'slipofthepen'].join(' ')
    const error: unknown = await readKeys(wrong).catch((it: unknown) => it)
    const text = `${String(error)}${JSON.stringify(error)}${String(error instanceof Error ? error.cause : '')}`
    expect(text).not.toContain('slipofthepen')
    expect(text).not.toContain(words[0])
  })
})
