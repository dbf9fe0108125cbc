import { describe, expect, it } from 'vitest'
import { createMemoryRows } from './memory-rows.ts'

describe('rows in memory', () => {
  /** The part of libp2p's keys that is used. */
  const key = (name: string) =>
    ({ toString: () => name }) as Parameters<ReturnType<typeof createMemoryRows>['get']>[0]
  const names = async (rows: ReturnType<typeof createMemoryRows>, prefix: string): Promise<string[]> => {
    const found: string[] = []
    for await (const row of rows.query({ prefix })) found.push(row.key.toString())
    return found
  }

  it('finds the rows of one DHT key, and of every prefix', async () => {
    const rows = createMemoryRows(100)
    for (const name of ['/dht/provider/A/1', '/dht/provider/A/2', '/dht/provider/B/1', '/peers/1']) {
      await rows.put(key(name), new Uint8Array([1]))
    }
    expect(await names(rows, '/dht/provider/A')).toEqual(['/dht/provider/A/1', '/dht/provider/A/2'])
    expect(await names(rows, '/dht')).toHaveLength(3)
    expect(await names(rows, '/peers')).toEqual(['/peers/1'])
    await rows.delete(key('/dht/provider/A/1'))
    expect(await names(rows, '/dht/provider/A')).toEqual(['/dht/provider/A/2'])
    expect(() => rows.get(key('/none'))).toThrow(expect.objectContaining({ name: 'NotFoundError' }))
  })

  it('takes half a kilobyte a row at most, on average, and no row that is no peer’s', async () => {
    const rows = createMemoryRows(100)
    for (let i = 0; i < 100; i++) await rows.put(key(`/peers/${i}`), new Uint8Array(5000))
    const kept = await names(rows, '/peers')
    expect(kept).toEqual(Array.from({ length: 10 }, (_, i) => `/peers/${90 + i}`))
    // What is written again counts once.
    for (let i = 0; i < 100; i++) await rows.put(key('/peers/99'), new Uint8Array(5000))
    expect(await names(rows, '/peers')).toHaveLength(10)
    expect(() => rows.put(key('/peers/x'), new Uint8Array(40_000))).toThrow(
      expect.objectContaining({ code: 'net.limit' }),
    )
  })

  it('lets go of what was written longest ago', async () => {
    const rows = createMemoryRows(2)
    await rows.put(key('/a'), new Uint8Array())
    await rows.put(key('/b'), new Uint8Array())
    await rows.put(key('/a'), new Uint8Array())
    await rows.put(key('/c'), new Uint8Array())
    expect([rows.has(key('/a')), rows.has(key('/b')), rows.has(key('/c'))]).toEqual([true, false, true])
  })
})
