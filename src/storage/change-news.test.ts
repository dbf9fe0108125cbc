import { expect, it } from 'vitest'
import { newsOf } from './change-news.ts'

const bytes = Uint8Array.from({ length: 100 }, (_, i) => i)
const bytesOf = (segment: number): Uint8Array | undefined => (segment === 7 ? bytes : undefined)
const at = (offset: number, length: number, segment = 7) => ({ segment, offset, length })

it('gives what changed with its records, as copies, where all of it is at hand and little', () => {
  const changed = [
    { path: 'a.b/one', place: at(10, 5) },
    { path: 'a.b/two', place: undefined },
    { path: 'a.b/three', place: at(95, 5) },
  ]
  const news = newsOf(changed, bytesOf, 1000)
  expect(news).toEqual([
    { path: 'a.b/one', record: Uint8Array.of(10, 11, 12, 13, 14) },
    { path: 'a.b/two', record: undefined },
    { path: 'a.b/three', record: Uint8Array.of(95, 96, 97, 98, 99) },
  ])
  expect(news?.[0]?.record?.buffer.byteLength).toBe(5)
  const size = 'a.b/onea.b/twoa.b/three'.length + 10
  expect(newsOf(changed, bytesOf, size)).toHaveLength(3)
  expect(newsOf(changed, bytesOf, size - 1)).toBeUndefined()
  expect(newsOf([...changed, { path: 'a.b/four', place: at(0, 5, 8) }], bytesOf, 1000)).toBeUndefined()
  expect(newsOf([], bytesOf, 0)).toEqual([])
})
