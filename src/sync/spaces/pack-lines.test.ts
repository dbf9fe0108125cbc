import { afterEach, beforeEach, expect, it } from 'vitest'
import type { StreamHandler } from '../../net/net.ts'
import { createMemoryNetwork } from '../../net/testing/memory-net.ts'
import { createPackHandler } from '../packs/handler.ts'
import { PACKS_PROTOCOL } from '../packs/model.ts'
import { servePacks } from '../packs/serve.ts'
import { ask, didOf, sized } from '../packs/testing/wire-kit.ts'
import { createTestTimers } from '../testing/timers.ts'
import { createPackLines, type PackLine } from './pack-lines.ts'

const SPACES = [1, 2, 3, 4, 5, 6, 7, 8]
const never = new AbortController().signal

let network: ReturnType<typeof createMemoryNetwork>
let timers: ReturnType<typeof createTestTimers>
let one: ReturnType<typeof network.node>
let two: ReturnType<typeof network.node>
/** streams that are served now, and that ever were */
let open = 0
let opened = 0

beforeEach(() => {
  network = createMemoryNetwork()
  timers = createTestTimers()
  one = network.node('one')
  two = network.node('two')
  open = 0
  opened = 0
  const source = sized(new Map(SPACES.map((n) => [didOf(n), 10])))
  serve(servePacks({ handler: createPackHandler({ sources: [source] }), timers }))
})

afterEach(() => {
  one.stop()
  two.stop()
})

function serve(handler: StreamHandler): void {
  one.handle(PACKS_PROTOCOL, async (stream) => {
    open++
    opened++
    try {
      await handler(stream)
    } finally {
      open--
    }
  })
}

const pull = async (line: PackLine, n: number): Promise<readonly string[]> => [
  ...(await (await line.client()).pull([ask(didOf(n))])).answers.keys(),
]

it('lets any number of spaces ask a peer that answers a few streams at once', async () => {
  const lines = createPackLines({ net: two, timers })
  const all = SPACES.map(() => lines.at('one', never))
  // At once, and one after the other while those before rest.
  for (let round = 0; round < 2; round++)
    expect(await Promise.all(all.map((line, i) => pull(line, i + 1)))).toEqual(SPACES.map((n) => [didOf(n)]))
  expect([open, opened]).toEqual([1, 1])
  for (const line of all.slice(1)) line.leave()
  expect(await pull(all[0] ?? expect.fail(), 1)).toEqual([didOf(1)])
  all[0]?.leave()
  await expect.poll(() => open).toBe(0)
  expect(await pull(all[3] ?? expect.fail(), 4)).toEqual([didOf(4)])
  expect(opened).toBe(2)
})

it('asks over a new stream once someone does not trust the one there is; others end what they began', async () => {
  const lines = createPackLines({ net: two, timers })
  const [a, b] = [lines.at('one', never), lines.at('one', never)]
  await Promise.all([pull(a, 1), pull(b, 2)])
  a.drop()
  expect(open).toBe(1)
  expect(await Promise.all([pull(a, 1), pull(b, 2)])).toEqual([[didOf(1)], [didOf(2)]])
  expect([open, opened]).toEqual([2, 2])
  b.drop()
  await expect.poll(() => open).toBe(1)
  expect(await pull(b, 2)).toEqual([didOf(2)])
  expect(opened).toBe(2)
})

it('ends what one space waits for, and not what others do', async () => {
  const answer = Promise.withResolvers<void>()
  const real = servePacks({
    handler: createPackHandler({ sources: [sized(new Map([[didOf(2), 10]]))] }),
    timers,
  })
  serve(async (stream) => {
    await answer.promise
    await real(stream)
  })
  const lines = createPackLines({ net: two, timers })
  const closing = new AbortController()
  const [a, b] = [lines.at('one', closing.signal), lines.at('one', never)]
  const [first, second] = [pull(a, 1), pull(b, 2)]
  closing.abort()
  await expect(first).rejects.toMatchObject({ code: 'net.cancelled' })
  a.drop()
  answer.resolve()
  expect(await second).toEqual([didOf(2)])
  await expect(pull(a, 1)).rejects.toMatchObject({ code: 'net.cancelled' })
  b.leave()
  await expect.poll(() => open).toBe(0)
})
