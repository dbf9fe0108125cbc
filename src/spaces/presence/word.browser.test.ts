import { expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { testEpoch } from '../testing/kit.ts'
import { openWord } from './seal.ts'
import vectors from './vectors/word.json'
import { isSigned } from './word.ts'

const space = 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/space/app.cairn.group/main'

it.each(vectors)('in a browser, the committed word "$kind" opens and its signature holds', async (row) => {
  const key = await testEpoch(1)
  const word = await openWord(row.payload, space, async (name) =>
    name === toHex(key.epoch) ? key : undefined,
  )
  expect([word.body.kind, await isSigned(word)]).toEqual([row.kind, true])
  expect(await isSigned({ ...word, count: word.count + 1 })).toBe(false)
})
