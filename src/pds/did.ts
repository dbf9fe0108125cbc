import { isDid, isHandle } from '../core/syntax.ts'
import { multikeyToDidKey } from '../repo/signature.ts'
import { PdsError } from './errors.ts'
import { isObject } from './values.ts'

/** What atproto reads out of a DID document (atproto DID spec); everything else in it is left alone. */
export interface DidDocument {
  readonly did: string
  /** handles that the document claims, lowercase, in its order; a claim until checked both ways */
  readonly handles: readonly string[]
  /** origin of the PDS */
  readonly pds: string | undefined
  /** #atproto key as did:key */
  readonly key: string | undefined
  /** parts that are there but cannot be used */
  readonly warnings: readonly DocumentWarning[]
}

export type DocumentWarning = 'key-malformed' | 'pds-malformed'

/** Entries of a list in the document that are looked at; real ones have a handful. */
const MAX_ENTRIES = 64

/**
 * Reads a DID document. Throws `pds.did-document-malformed { did, reason }` when its shape is wrong
 * and `pds.did-mismatch` when it belongs to another DID. A missing key or PDS is no error here.
 */
export function readDidDocument(did: string, value: unknown): DidDocument {
  if (!isObject(value)) throw malformed(did, 'not-an-object')
  const id = value['id']
  if (typeof id !== 'string' || !isDid(id)) throw malformed(did, 'id')
  if (id !== did) throw new PdsError('pds.did-mismatch', { did, found: id })
  const aliases = listOf(did, value, 'alsoKnownAs').filter((item) => typeof item === 'string')
  const methods = listOf(did, value, 'verificationMethod').filter(isObject)
  const services = listOf(did, value, 'service').filter(isObject)
  const warnings: DocumentWarning[] = []

  const method = methods.find((item) => isFragment(did, item['id'], 'atproto'))
  const key = method === undefined ? undefined : readKey(did, method)
  if (method !== undefined && key === undefined) warnings.push('key-malformed')
  const service = services.find((item) => isFragment(did, item['id'], 'atproto_pds'))
  const pds = service === undefined ? undefined : readPds(service)
  if (service !== undefined && pds === undefined) warnings.push('pds-malformed')
  return { did, handles: handlesOf(aliases), pds, key, warnings }
}

/** The handles among `alsoKnownAs` entries: `at://` and a handle, nothing after it. */
export function handlesOf(alsoKnownAs: readonly string[]): string[] {
  return alsoKnownAs
    .filter((item) => item.startsWith('at://') && isHandle(item.slice(5)))
    .map((item) => item.slice(5).toLowerCase())
}

/** The origin of a PDS from a service endpoint: http or https, a host, perhaps a port, nothing else. */
export function pdsOrigin(endpoint: string): string | undefined {
  if (!URL.canParse(endpoint)) return undefined
  const url = new URL(endpoint)
  const bare =
    url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === ''
  return bare && (url.protocol === 'https:' || url.protocol === 'http:') ? url.origin : undefined
}

function readKey(did: string, method: Record<string, unknown>): string | undefined {
  const { type, controller, publicKeyMultibase } = method
  if (typeof type !== 'string' || typeof publicKeyMultibase !== 'string' || controller !== did)
    return undefined
  return multikeyToDidKey({ type, publicKeyMultibase })
}

function readPds(service: Record<string, unknown>): string | undefined {
  const { type, serviceEndpoint } = service
  if (type !== 'AtprotoPersonalDataServer' || typeof serviceEndpoint !== 'string') return undefined
  return pdsOrigin(serviceEndpoint)
}

function isFragment(did: string, id: unknown, name: string): boolean {
  return id === `#${name}` || id === `${did}#${name}`
}

/** A list of the document; absent or null counts as empty (seen on real did:web documents). */
function listOf(did: string, document: Record<string, unknown>, name: string): unknown[] {
  const value = document[name]
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw malformed(did, name)
  return value.slice(0, MAX_ENTRIES)
}

function malformed(did: string, reason: string): PdsError {
  return new PdsError('pds.did-document-malformed', { did, reason })
}
