import { expect, it } from 'vitest'
import { isPackMediaType, PACK_MEDIA_TYPE } from './media-type.ts'

it.each([
  [PACK_MEDIA_TYPE, true],
  [` ${PACK_MEDIA_TYPE} ; charset=binary`, true],
  [PACK_MEDIA_TYPE.toUpperCase(), false],
  [`${PACK_MEDIA_TYPE}x`, false],
  ['application/json', false],
  ['', false],
  [null, false],
  [undefined, false],
])('the header %j names a pack: %j', (header, named) => {
  expect(isPackMediaType(header)).toBe(named)
})
