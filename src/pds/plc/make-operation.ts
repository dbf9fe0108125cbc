import { toBase64Url } from '@atcute/multibase'
import { PdsError } from '../errors.ts'
import { parsePlcOperation, type PlcOperation, type PlcState } from './operation.ts'
import { type PrivateKey, signWith } from './private-key.ts'

/** The JSON of a did:plc operation, as the directory takes it. */
export interface PlcOperationJson {
  readonly type: 'plc_operation'
  readonly rotationKeys: readonly string[]
  readonly verificationMethods: Readonly<Record<string, string>>
  readonly alsoKnownAs: readonly string[]
  readonly services: Readonly<Record<string, { readonly type: string; readonly endpoint: string }>>
  readonly prev: string | null
  readonly sig: string
}

/** The most that every version of the directory takes (did:plc v0.1). */
export const MAX_ROTATION_KEYS = 5
/** 64 bytes of zero: stands where a signature will, to have the bytes that are to be signed. */
const NO_SIGNATURE = toBase64Url(new Uint8Array(64))

/**
 * An operation that makes the identity what `state` says, after `prev`, signed by a rotation key.
 *
 * @throws RangeError for a state that no operation can hold
 */
export function makePlcOperation(state: PlcState, prev: string, key: PrivateKey): PlcOperationJson {
  const unsigned = {
    type: 'plc_operation',
    rotationKeys: state.rotationKeys,
    verificationMethods: Object.fromEntries(state.verificationMethods),
    alsoKnownAs: state.alsoKnownAs,
    services: Object.fromEntries(state.services),
    prev,
  } as const
  const parsed = parsePlcOperation({ ...unsigned, sig: NO_SIGNATURE })
  if (parsed === undefined) throw new RangeError('no operation can say that')
  return { ...unsigned, sig: toBase64Url(signWith(key, parsed.unsignedBytes)) }
}

/**
 * An operation that a server made, read before it goes to the directory.
 *
 * @throws PdsError `pds.bad-response { host, reason: 'operation' }` when it is none, or says anything but `wanted`
 */
export function readMadeOperation(
  made: unknown,
  wanted: { readonly state: PlcState; readonly prev: string },
  host: string,
): PlcOperation {
  const operation = parsePlcOperation(made)
  const same =
    operation?.state !== undefined &&
    operation.prev === wanted.prev &&
    stateText(operation.state) === stateText(wanted.state)
  if (!same) throw new PdsError('pds.bad-response', { host, reason: 'operation' })
  return operation
}

/** Two states are the same when their texts are; the order of methods and services says nothing. */
export const stateText = (state: PlcState): string =>
  JSON.stringify([
    state.rotationKeys,
    state.alsoKnownAs,
    [...state.verificationMethods].sort(byName),
    [...state.services].sort(byName).map(([name, { type, endpoint }]) => [name, type, endpoint]),
  ])

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : a > b ? 1 : 0
