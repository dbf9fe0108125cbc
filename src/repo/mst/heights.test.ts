import { expect, it } from 'vitest'
import { utf8 } from '../../core/bytes.ts'
import { createSha256 } from '../../core/hash.ts'
import { createLanes } from '../../core/sha256-lanes.ts'
import { heightOf } from './height.ts'
import { heightsOf } from './heights.ts'

it.each([0, 1, 511, 512, 513, 3000])('are those of each key alone: %i keys', async (count) => {
  const sha256 = await createSha256()
  const lanes = await createLanes()
  const keys = Array.from({ length: count }, (_, i) => utf8(`app.bsky.feed.post/${'é'.repeat(i % 90)}${i}`))
  const wanted = keys.map((key) => heightOf(sha256, key))
  expect([...heightsOf(keys, sha256)]).toEqual(wanted)
  expect([...heightsOf(keys, sha256, lanes?.heads)]).toEqual(wanted)
})

it('are looked up alone where the first word of a hash is zero', async () => {
  const sha256 = await createSha256()
  // Keys of such a hash are one in four thousand million, so it is claimed of some.
  const keys = [utf8('a'), utf8('b')]
  const heights = heightsOf(keys, sha256, (_bytes, _ends, count, heads) => void heads.fill(0, 0, count))
  expect([...heights]).toEqual(keys.map((key) => heightOf(sha256, key)))
})
