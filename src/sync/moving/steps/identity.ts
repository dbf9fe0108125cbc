import { callError, isCallError } from '../../../pds/account/call-error.ts'
import { didMethod } from '../../../pds/did-fetch.ts'
import type { VerifiedPlcLog } from '../../../pds/plc/log.ts'
import {
  makePlcOperation,
  type PlcOperationJson,
  readMadeOperation,
  stateText,
} from '../../../pds/plc/make-operation.ts'
import type { PlcState } from '../../../pds/plc/operation.ts'
import { currentPlcLog } from '../../../pds/plc/submit.ts'
import type { Moving, Step, StepOutcome } from '../context.ts'
import { MovingError } from '../errors.ts'
import { readRecommended, type Recommendation, stateWith } from '../identity-state.ts'
import { askForCode, forgetCode } from '../mailed-code.ts'
import { signingPlace } from '../signing.ts'
import { webIdentity } from '../web-identity.ts'
import { againIfNewer } from './check.ts'

/** Says in the identity that the account is at the new server now, the person's own rotation keys first. */
export const identityStep: Step = async (moving) => {
  const { did, row, home } = moving
  const isPlc = didMethod(did) === 'plc'
  const { data } = await home.call((agent) => agent.com.atproto.identity.getRecommendedDidCredentials())
  const recommended = readRecommended(data, row.to.pds, isPlc)
  if (isPlc) return changePlc(moving, recommended)
  const { pds, handle } = row.to
  const waiting = await webIdentity(moving, { signingKey: recommended.signingKey, pds, handle })
  if (waiting === undefined) return { facts: { key: recommended.signingKey } }
  return (await againIfNewer(moving)) ?? waiting
}

async function changePlc(moving: Moving, recommended: Recommendation): Promise<StepOutcome> {
  const { did, home, network, asked, signal } = moving
  const { log } = await currentPlcLog(network, asked.plc, did, signal)
  const known = ownKeysThere(moving, log, recommended)
  if (known !== undefined) return { facts: { key: recommended.signingKey, ownKeys: known } }
  const again = await againIfNewer(moving)
  if (again !== undefined) return again
  const made = await operationFor(moving, log, recommended)
  if ('waits' in made) return made
  const { operation } = made
  await home.call((agent) => agent.com.atproto.identity.submitPlcOperation({ operation: { ...operation } }))
  const { log: after } = await currentPlcLog(network, asked.plc, did, signal)
  if (after.current === 'tombstoned' || stateText(after.current) !== stateText(made.state)) {
    throw new MovingError('moving.identity-changed', { did })
  }
  return { facts: { key: recommended.signingKey, ownKeys: made.ownKeys } }
}

/**
 * How many keys of the person's own the identity lists, when it leads to the new server already: an earlier try has
 * changed it, and only the answer was lost. From then on nothing can be carried over any more, since everybody asks
 * the new server for the account, where it still sleeps.
 */
function ownKeysThere(
  { row }: Moving,
  { current }: VerifiedPlcLog,
  { rotationKeys: serverKeys, signingKey }: Recommendation,
): number | undefined {
  if (current === 'tombstoned') return undefined
  const { services, verificationMethods, rotationKeys } = current
  const isThere =
    services.get('atproto_pds')?.endpoint === row.to.pds && verificationMethods.get('atproto') === signingKey
  return isThere ? rotationKeys.filter((key) => !serverKeys.includes(key)).length : undefined
}

type Made =
  | { readonly waits: NonNullable<Moving['row']['waits']> }
  | {
      readonly state: PlcState
      readonly operation: PlcOperationJson | Record<string, unknown>
      readonly ownKeys: number
    }

async function operationFor(
  moving: Moving,
  log: VerifiedPlcLog,
  { rotationKeys: serverKeys, signingKey }: Recommendation,
): Promise<Made> {
  const { did, row, given, host } = moving
  if (log.current === 'tombstoned') throw new MovingError('moving.identity-changed', { did })
  const { pds, handle } = row.to
  const ownKeys = await keptKeys(moving, log.current, serverKeys)
  const change = { ownKeys, serverKeys, signingKey, pds, handle }
  const said = stateWith(log.current, change, did)
  if (given.key !== undefined) {
    const { key, place } = await signingPlace(log, given.key, host.clock.now())
    const own = row.kind === 'rescue' ? [key.didKey] : [...new Set([...ownKeys, key.didKey])]
    const state = stateWith(place.state, { ...change, ownKeys: own }, did)
    return { state, operation: makePlcOperation(state, place.prev, key), ownKeys: own.length }
  }
  if (row.kind === 'rescue') return { waits: { for: 'key' } }
  const tip = log.operations.findLast((it) => !it.nullified)?.cid
  if (tip === undefined) throw new MovingError('moving.identity-changed', { did })
  if (given.code === undefined) return { waits: await askForCode(moving) }
  return {
    state: said,
    operation: await signedByOldServer(moving, given.code, said, tip),
    ownKeys: ownKeys.length,
  }
}

/** Rotation keys that stay: all but those of the server that is left. */
async function keptKeys(
  moving: Moving,
  current: PlcState,
  serverKeys: readonly string[],
): Promise<readonly string[]> {
  const { did, row } = moving
  const others = current.rotationKeys.filter((key) => !serverKeys.includes(key))
  // in a rescue the identity was left with the person's own keys alone
  if (row.kind === 'rescue') return others
  const session = await moving.sessions.require(did, 'move')
  try {
    const { data } = await (await session.agent()).com.atproto.identity.getRecommendedDidCredentials()
    return others.filter((key) => data.rotationKeys?.includes(key) !== true)
  } catch (error) {
    throw callError(error, { did, host: new URL(session.pds).host })
  }
}

/** The old server signs; what it gives back is read before it goes on. */
async function signedByOldServer(
  moving: Moving,
  code: string,
  state: PlcState,
  prev: string,
): Promise<Record<string, unknown>> {
  const { did } = moving
  const session = await moving.sessions.require(did, 'move')
  const host = new URL(session.pds).host
  try {
    const { data } = await (
      await session.agent()
    ).com.atproto.identity.signPlcOperation({
      token: code,
      rotationKeys: [...state.rotationKeys],
      alsoKnownAs: [...state.alsoKnownAs],
      verificationMethods: Object.fromEntries(state.verificationMethods),
      services: Object.fromEntries(state.services),
    })
    readMadeOperation(data.operation, { state, prev }, host)
    return data.operation
  } catch (error) {
    if (isCallError(error) && ['InvalidToken', 'ExpiredToken'].includes(error.error)) {
      forgetCode(moving)
      throw new MovingError('moving.code-wrong', { host })
    }
    throw callError(error, { did, host })
  }
}
