import { expect, it } from 'vitest'
import { createSha256, type DigestFill, type Lanes } from '../../core/hash.ts'
import { createLanes } from '../../core/sha256-lanes.ts'
import { nextTask } from '../../storage/next-task.ts'
import { rehearseLists } from './rehearsal.ts'

async function counting(): Promise<{ readonly lanes: Lanes; lists(): number }> {
  const lanes = await createLanes()
  if (lanes === undefined) throw new Error('this host has WebAssembly')
  let lists = 0
  const fill: DigestFill = (bytes, messages, count, sound) => {
    lists++
    lanes.fill(bytes, messages, count, sound)
  }
  return { lanes: { ...lanes, fill }, lists: () => lists }
}

it('takes sound lists in, one after another', async () => {
  const { lanes, lists } = await counting()
  // Whatever is wrong with one of them rejects.
  expect(await rehearseLists({ sha256: await createSha256(), lanes }, () => false)).toBe(true)
  expect(lists()).toBe(4)
})

it('does without lanes', async () => {
  expect(await rehearseLists({ sha256: await createSha256() }, () => false)).toBe(true)
})

it('ends with its turn when there is real work', async () => {
  const { lanes, lists } = await counting()
  const sha256 = await createSha256()
  expect(await rehearseLists({ sha256, lanes }, () => true)).toBe(false)
  expect(lists()).toBe(0)
  expect(await rehearseLists({ sha256, lanes }, () => lists() === 2)).toBe(false)
  expect(lists()).toBe(2)
})

it('gives others their turn', async () => {
  const sha256 = await createSha256()
  let isRunning = true
  let turns = 0
  const others = async (): Promise<void> => {
    while (isRunning) {
      await nextTask()
      turns++
    }
  }
  const running = others()
  await rehearseLists({ sha256 }, () => false)
  isRunning = false
  await running
  expect(turns).toBeGreaterThan(20)
})
