import { expect, it } from 'vitest'
import { makeKey, startLog } from '../testing/plc-maker.ts'
import { compareLogs } from './compare.ts'
import { verifyPlcLog } from './log.ts'

it('tells a longer log from a shorter one and from another history', async () => {
  const strong = await makeKey('p256')
  const weak = await makeKey('k256')
  const input = { rotationKeys: [strong, weak], signing: weak }
  const log = await startLog(input, weak)
  const genesis = log.head()
  await log.add({ ...input, signing: strong }, weak)
  const before = await verifyPlcLog(log.did, log.entries)
  const start = await verifyPlcLog(log.did, log.entries.slice(0, 1))
  await log.add({ ...input, handle: 'new.test' }, strong, { prev: genesis })
  const after = await verifyPlcLog(log.did, log.entries)

  expect(compareLogs(before, before)).toBe('same')
  // an operation that was overruled later is still there, so recovery is an append
  expect(compareLogs(before, after)).toBe('ahead')
  expect(compareLogs(after, before)).toBe('behind')
  expect(compareLogs(before, start)).toBe('behind')
  // a log without the overruled branch verifies, and is another history
  const short = await verifyPlcLog(
    log.did,
    log.entries.filter(({ nullified }) => !nullified),
  )
  expect(compareLogs(after, short)).toBe('forked')

  const other = await verifyPlcLog(...(await otherLog()))
  expect(() => compareLogs(before, other)).toThrowError(RangeError)
})

async function otherLog(): Promise<[string, unknown]> {
  const key = await makeKey('p256')
  const { did, entries } = await startLog({ rotationKeys: [key], signing: key }, key)
  return [did, entries]
}
