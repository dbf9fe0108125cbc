import type { ComAtprotoIdentityGetRecommendedDidCredentials as Recommended } from '@atproto/api'
import { pdsOrigin } from '../../pds/did.ts'
import { isObject } from '../../pds/values.ts'
import { parseDidKey } from '../../repo/signature.ts'
import { MAX_ROTATION_KEYS } from '../../pds/plc/make-operation.ts'
import type { PlcService, PlcState } from '../../pds/plc/operation.ts'
import { MovingError } from './errors.ts'

const PDS_TYPE = 'AtprotoPersonalDataServer'

/** What the new server wants an identity to say, checked. */
export interface Recommendation {
  readonly rotationKeys: readonly string[]
  readonly signingKey: string
}

/**
 * Reads what `getRecommendedDidCredentials` answered.
 *
 * @throws MovingError `moving.refused` when it would lead anywhere but to this server
 */
export function readRecommended(
  answer: Recommended.OutputSchema,
  pds: string,
  isPlc: boolean,
): Recommendation {
  const host = new URL(pds).host
  const fail = (message: string): MovingError =>
    new MovingError('moving.refused', { host, error: 'BadCredentials', message })
  const methods = answer.verificationMethods
  const signingKey = isObject(methods) ? methods['atproto'] : undefined
  if (typeof signingKey !== 'string' || parseDidKey(signingKey) === undefined) throw fail('signing key')
  const services = answer.services
  const service = isObject(services) ? services['atproto_pds'] : undefined
  const endpoint = isObject(service) ? service['endpoint'] : undefined
  if (typeof endpoint !== 'string' || pdsOrigin(endpoint) !== new URL(pds).origin) throw fail('endpoint')
  const rotationKeys = answer.rotationKeys ?? []
  const sound = rotationKeys.every((key) => typeof key === 'string' && parseDidKey(key) !== undefined)
  if (!sound || (isPlc && rotationKeys.length === 0)) throw fail('rotation keys')
  return { rotationKeys, signingKey }
}

export interface StateChange {
  /** the person's own, most powerful first */
  readonly ownKeys: readonly string[]
  readonly serverKeys: readonly string[]
  readonly signingKey: string
  /** origin */
  readonly pds: string
  readonly handle: string
}

/**
 * The identity with another server, key and handle; whatever else it says stays.
 *
 * @throws MovingError `moving.keys-full`
 */
export function stateWith(before: PlcState, change: StateChange, did: string): PlcState {
  const rotationKeys = [...new Set([...change.ownKeys, ...change.serverKeys])]
  if (rotationKeys.length > MAX_ROTATION_KEYS) {
    throw new MovingError('moving.keys-full', { did, most: MAX_ROTATION_KEYS })
  }
  const service: PlcService = { type: PDS_TYPE, endpoint: change.pds }
  return {
    rotationKeys,
    verificationMethods: new Map([...before.verificationMethods, ['atproto', change.signingKey]]),
    alsoKnownAs: [`at://${change.handle}`, ...before.alsoKnownAs.filter((it) => !it.startsWith('at://'))],
    services: new Map([...before.services, ['atproto_pds', service]]),
  }
}

/** The DID document of a did:web that says the same (atproto, "DID"). What else the published one says stays. */
export function webDocument(
  did: string,
  published: unknown,
  change: Pick<StateChange, 'signingKey' | 'pds' | 'handle'>,
): Record<string, unknown> {
  const before = isObject(published) ? published : {}
  const others = (name: string, fragment: string): unknown[] => {
    const list = before[name]
    return (Array.isArray(list) ? list : []).filter(
      (item) => !isObject(item) || (item['id'] !== `#${fragment}` && item['id'] !== `${did}#${fragment}`),
    )
  }
  const names = before['alsoKnownAs']
  const aliases = (Array.isArray(names) ? names : []).filter(
    (it) => typeof it !== 'string' || !it.startsWith('at://'),
  )
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
    ...before,
    id: did,
    alsoKnownAs: [`at://${change.handle}`, ...aliases],
    verificationMethod: [
      ...others('verificationMethod', 'atproto'),
      {
        id: `${did}#atproto`,
        type: 'Multikey',
        controller: did,
        publicKeyMultibase: change.signingKey.slice('did:key:'.length),
      },
    ],
    service: [
      ...others('service', 'atproto_pds'),
      { id: '#atproto_pds', type: PDS_TYPE, serviceEndpoint: change.pds },
    ],
  }
}
