import { describe, expect, it } from 'vitest'
import { canonicalJson } from './canonical-json.ts'

describe('canonical JSON', () => {
  it.each<[string, unknown]>([
    ['{"A":{},"a":[true,null,"x"],"b":1}', { b: 1, a: [true, null, 'x'], A: {} }],
    // UTF-16 units, not code points: a surrogate comes before U+FB33.
    ['{"10":4,"9":5,"ö":3,"\u{1f600}":1,"\ufb33":2}', { '\u{1f600}': 1, '\ufb33': 2, ö: 3, '10': 4, '9': 5 }],
    ['[1,0,1e+21,1e-7,0.1,123456789012345680000]', [1.0, -0, 1e21, 1e-7, 0.1, 123456789012345680000]],
    ['"\\b\\f\\n\\r\\t\\"\\\\\\u0001\\u001f\u007f\u2028é"', '\b\f\n\r\t"\\\u0001\u001f\u007f\u2028é'],
    ['[]', []],
    [`"${'long '.repeat(1000)}ü"`, `${'long '.repeat(1000)}ü`],
    ['["\\ud800"]', ['\ud800']],
    ['[null,{"a":null}]', [undefined, { a: undefined }]],
    ['"1970-01-01T00:00:00.000Z"', new Date(0)],
    ['"12345678901234567890"', 12345678901234567890n],
    ['{"bytesHex":"01fe"}', new Uint8Array([1, 0xfe])],
    ['{"__proto__":1,"a":2}', JSON.parse('{"a":2,"__proto__":1}')],
  ])('is %s', (text, value) => {
    expect(new TextDecoder().decode(canonicalJson(value))).toBe(text)
  })

  it.each<[string, unknown]>([
    ['NaN', Number.NaN],
    ['infinity', [Infinity]],
    ['a function', () => 1],
    ['a symbol', { a: Symbol('a') }],
    ['no time', new Date(Number.NaN)],
    ['500 levels', nested(500)],
  ])('does not exist of %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'pack.value' }))
  })
})

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < levels; i++) value = [value]
  return value
}
