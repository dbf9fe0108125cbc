import { expect, it } from 'vitest'
import { createPrng } from '../../repo/testing/prng.ts'
import { textPlace } from './record.ts'
import { createReplica, fresh, NOTE } from './testing/replica.ts'

/** Characters of an hour, and how they come: bursts, pauses, slips, and going back to mend a word. */
const CHARACTERS = 12_000

it('stores of an hour of typing less than three times its own updates, written in small pieces', () => {
  const prng = createPrng(7)
  const ana = createReplica('did:key:zAna', 1)
  let at = 0
  let cursor = 0
  let unflushed = 0
  let most = 0
  for (let typed = 0; typed < CHARACTERS; typed++) {
    // 200 ms a key, at times a pause, which ends with a flush
    ana.now += 200
    const isPause = prng.int(12) === 0
    if (isPause) ana.now += prng.int(3000)
    const length = ana.editor.block(at).length
    const chance = prng.int(100)
    if (chance < 7 && cursor > 0) ana.editor.erase(at, --cursor, 1)
    else if (chance < 8 && length > 400) {
      at++
      cursor = 0
      ana.editor.fragment.insert(at, [ana.editor.fragment.get(0).clone()])
      const fresh = ana.editor.block(at)
      fresh.delete(0, fresh.length)
    } else {
      if (chance === 99) cursor = prng.int(length + 1)
      ana.editor.type(at, cursor++, 'etaoin shrdlu'[prng.int(13)] ?? ' ')
    }
    if (isPause || ++unflushed === 3) {
      ana.flush()
      unflushed = 0
      const tails = [...ana.stored.keys()].filter((key) => textPlace(NOTE, key)?.kind === 'tail')
      most = Math.max(most, tails.length)
    }
  }
  ana.flush()
  const sizeOf = (isVersion: boolean) =>
    [...ana.stored].reduce(
      (sum, [key, { length }]) =>
        sum + ((textPlace(NOTE, key)?.kind === 'version') === isVersion ? length : 0),
      0,
    )
  const open = sizeOf(false)
  const tails = ana.stored.size
  ana.flush({ settle: true })
  const settled = sizeOf(false)
  const { typed, written, commits } = ana.made
  console.info(
    `an hour: ${typed} bytes of updates; ${written} written in ${commits} commits; stored ${open} in ` +
      `${tails} records with ${ana.text.versions().length} versions (${sizeOf(true)} bytes more), settled ${settled} in ` +
      `${ana.stored.size}`,
  )
  expect(open + sizeOf(true)).toBeLessThan(3 * typed)
  expect(written).toBeLessThan(3 * typed)
  // in fact far less: runs are joined
  expect(settled).toBeLessThan(typed / 4)
  expect(most).toBeLessThanOrEqual(32)
  expect(fresh([ana]).markdown()).toBe(ana.text.markdown())
})
