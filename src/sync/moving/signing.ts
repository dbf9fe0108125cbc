import type { VerifiedPlcLog } from '../../pds/plc/log.ts'
import type { PrivateKey } from '../../pds/plc/private-key.ts'
import { type NoPlace, type SigningPlace, whereToSign } from '../../pds/plc/where-to-sign.ts'
import { MovingError } from './errors.ts'
import { readKeys } from './recovery-key.ts'

/**
 * The key that a text holds, and where it can sign. Words can mean a key of either curve: the one that the identity
 * knows is meant.
 *
 * @throws MovingError `moving.bad-key`, `moving.wrong-key` (it never was this account's), `moving.key-late`
 */
export async function signingPlace(
  log: VerifiedPlcLog,
  text: string,
  now: number,
): Promise<{ readonly key: PrivateKey; readonly place: SigningPlace }> {
  const keys = await readKeys(text)
  let problem: NoPlace = 'not-listed'
  for (const key of keys) {
    const place = whereToSign(log, key.didKey, now)
    if (!('problem' in place)) return { key, place }
    if (place.problem !== 'not-listed') problem = place.problem
  }
  if (problem === 'not-listed') throw new MovingError('moving.wrong-key', { didKey: keys[0]?.didKey })
  throw new MovingError('moving.key-late', { did: log.did, reason: problem })
}
