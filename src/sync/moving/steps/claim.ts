import { currentPlcLog, submitToPlc } from '../../../pds/plc/submit.ts'
import { didMethod } from '../../../pds/did-fetch.ts'
import { makePlcOperation, stateText } from '../../../pds/plc/make-operation.ts'
import {
  makePrivateKey,
  parsePrivateKey,
  formatPrivateKey,
  type PrivateKey,
} from '../../../pds/plc/private-key.ts'
import type { Moving, Step, StepOutcome } from '../context.ts'
import { MovingError } from '../errors.ts'
import { stateWith } from '../identity-state.ts'
import { signingPlace } from '../signing.ts'
import { webIdentity } from '../web-identity.ts'

/**
 * Takes the account out of its old server's hands: names a key of ours as its #atproto key, with which it can prove
 * itself to the new server, and leaves no rotation key but the person's own.
 */
export const claimStep: Step = async (moving) => {
  const interim = await interimKey(moving)
  return didMethod(moving.did) === 'web' ? claimWeb(moving, interim) : claimPlc(moving, interim)
}

async function claimWeb(moving: Moving, interim: PrivateKey): Promise<StepOutcome> {
  const { pds, handle } = moving.row.to
  const waiting = await webIdentity(moving, { signingKey: interim.didKey, pds, handle })
  return waiting ?? { facts: { key: interim.didKey } }
}

async function claimPlc(moving: Moving, interim: PrivateKey): Promise<StepOutcome> {
  const { did, given, network, asked, row, signal } = moving
  const { log } = await currentPlcLog(network, asked.plc, did, signal)
  const { current } = log
  const claimed = current !== 'tombstoned' && current.verificationMethods.get('atproto') === interim.didKey
  if (claimed) return { facts: { key: interim.didKey } }
  if (given.key === undefined) return { waits: { for: 'key' } }
  const { key, place } = await signingPlace(log, given.key, moving.host.clock.now())
  const { pds, handle } = row.to
  const change = { ownKeys: [key.didKey], serverKeys: [], signingKey: interim.didKey, pds, handle }
  const state = stateWith(place.state, change, did)
  await submitToPlc(network, asked.plc, did, makePlcOperation(state, place.prev, key))
  const { log: after } = await currentPlcLog(network, asked.plc, did, signal)
  if (after.current === 'tombstoned' || stateText(after.current) !== stateText(state)) {
    throw new MovingError('moving.identity-changed', { did })
  }
  const dropped = place.state.rotationKeys.length - 1
  return { facts: { key: interim.didKey, overruled: place.overrules.length, dropped, rank: place.rank } }
}

/** Made once for a move, and sealed before the identity names it: without it the identity would name nobody's key. */
async function interimKey(moving: Moving): Promise<PrivateKey> {
  const kept = moving.secrets.interim === undefined ? undefined : parsePrivateKey(moving.secrets.interim)
  if (kept !== undefined) return kept
  const key = makePrivateKey()
  await moving.keep({ ...moving.secrets, interim: formatPrivateKey(key) })
  return key
}
