import { expect, it } from 'vitest'
import { utf8 } from '../core/bytes.ts'
import { createTextSink } from './text-sink.ts'

it('holds all that came', () => {
  const sink = createTextSink()
  let all = ''
  // Of one, two, three and four bytes, in parts that are encoded alone and together.
  const parts = ['a', 'é', '語', '😀', ''].flatMap((it) => [it, it.repeat(700), it.repeat(40_000)])
  for (const [i, part] of parts.entries()) {
    sink.text(part)
    all += part
    if (i % 4 === 0) expect(sink.bytes()).toEqual(utf8(all))
  }
  expect(sink.bytes()).toEqual(utf8(all))
})
