import { describe, expect, it } from 'vitest'
import {
  batch,
  chain,
  dedupe,
  filter,
  flat,
  groupBy,
  join,
  map,
  pipe,
  reduce,
  take,
  toArray,
  window,
} from './operators.ts'

interface Source extends AsyncIterable<number> {
  pulled: number
  ended: boolean
}

/** 1, 2, 3 … up to `last`, and what was done with it. */
function count(last: number): Source {
  const source: Source = {
    pulled: 0,
    ended: false,
    async *[Symbol.asyncIterator]() {
      try {
        while (source.pulled < last) yield ++source.pulled
      } finally {
        source.ended = true
      }
    },
  }
  return source
}

describe('operators', () => {
  it('filter, map, reduce', async () => {
    const even = filter<number>((n) => n % 2 === 0)
    const tens = map(async (n: number) => n * 10)
    expect(await pipe(count(6), even, tens, toArray)).toEqual([20, 40, 60])
    expect(
      await pipe(
        count(4),
        reduce((sum: number, n: number) => sum + n, 0),
      ),
    ).toBe(10)
  })

  it('take pulls no more than it gives, and ends its source', async () => {
    const source = count(100)
    expect(await pipe(source, take(2), toArray)).toEqual([1, 2])
    expect(source).toMatchObject({ pulled: 2, ended: true })
    expect(await pipe(count(3), take(0), toArray)).toEqual([])
    expect(await pipe(count(1), take(5), toArray)).toEqual([1])
  })

  it('batch and window', async () => {
    expect(await pipe(count(5), batch(2), toArray)).toEqual([[1, 2], [3, 4], [5]])
    expect(await pipe(count(4), window(2), toArray)).toEqual([[1], [1, 2], [2, 3], [3, 4]])
  })

  it('dedupe forgets the oldest keys', async () => {
    const values = async function* (): AsyncIterable<number> {
      yield* [1, 1, 2, 11, 3, 1]
    }
    expect(
      await pipe(
        values(),
        dedupe((n) => n % 10),
        toArray,
      ),
    ).toEqual([1, 2, 3])
    expect(
      await pipe(
        values(),
        dedupe<number>((n) => n % 10, 2),
        toArray,
      ),
    ).toEqual([1, 2, 3, 1])
  })

  it('flat, chain, groupBy', async () => {
    expect(await pipe(count(4), batch(3), flat(), toArray)).toEqual([1, 2, 3, 4])
    expect(await toArray(chain(count(2), count(1)))).toEqual([1, 2, 1])
    expect(
      await pipe(
        count(5),
        groupBy((n) => n % 2),
      ),
    ).toEqual(
      new Map([
        [1, [1, 3, 5]],
        [0, [2, 4]],
      ]),
    )
  })

  it('join takes turns, fails with its source, and ends all when its reader stops', async () => {
    expect((await toArray(join(count(3), count(2)))).toSorted((a, b) => a - b)).toEqual([1, 1, 2, 2, 3])
    const broken = map((n: number): number => {
      if (n === 2) throw new RangeError('two')
      return n
    })
    const other = count(100)
    await expect(toArray(join(broken(count(3)), other))).rejects.toThrow(RangeError)
    const [left, right] = [count(100), count(100)]
    for await (const n of join(left, right)) if (n === 3) break
    expect(left.ended && right.ended && other.ended).toBe(true)
  })
})
