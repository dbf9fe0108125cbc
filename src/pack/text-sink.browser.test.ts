import { describe, expect, it } from 'vitest'
import { toHex } from '../core/bytes.ts'
import { createTextSink } from './text-sink.ts'

describe('a sink of text in a browser', () => {
  it('writes bytes as the digits that they are anywhere', () => {
    const all = Uint8Array.from({ length: 3000 }, (_, i) => (i * 7) & 0xff)
    const sink = createTextSink()
    sink.text('a')
    const lengths = [0, 1, 255, 3000]
    for (const length of lengths) sink.hex(all.subarray(0, length))
    sink.text('é')
    const together = sink.digits(lengths.map((length) => all.subarray(0, length)))
    for (const i of lengths.keys()) together(i)
    const text = lengths.map((length) => toHex(all.subarray(0, length))).join('')
    expect(new TextDecoder().decode(sink.bytes())).toBe(`a${text}é${text}`)
  })
})
