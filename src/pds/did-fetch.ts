import { isDid, isHandle } from '../core/syntax.ts'
import { PdsError } from './errors.ts'
import { httpError } from './http-error.ts'
import type { Network } from './network.ts'
import { getJson, NOT_JSON, type GetOptions } from './request.ts'

/** A DID document is a few KB, bytes. */
const MAX_DOCUMENT_BYTES = 256 * 1024

export type DidMethod = 'plc' | 'web'

/** The method of a DID that atproto supports. Throws `pds.did-unsupported { did }` for any other. */
export function didMethod(did: string): DidMethod {
  if (isDid(did)) {
    if (/^did:plc:[a-z2-7]{24}$/.test(did)) return 'plc'
    if (did.startsWith('did:web:')) return 'web'
  }
  throw new PdsError('pds.did-unsupported', { did })
}

/** Where a did:web keeps its document. Only a host name, with a port on localhost alone (atproto DID spec). */
export function didWebUrl(did: string, allowLocal: boolean): string {
  const host = did.slice('did:web:'.length)
  const local = /^localhost(?:%3A(\d{1,5}))?$/i.exec(host)
  if (local !== null && allowLocal) {
    return `http://localhost${local[1] === undefined ? '' : `:${local[1]}`}/.well-known/did.json`
  }
  if (!isHandle(host)) throw new PdsError('pds.did-unsupported', { did })
  return `https://${host}/.well-known/did.json`
}

/** The document of a did:plc as the directory writes it. Errors as `fetchDocument`. */
export async function fetchPlcDocument(
  network: Network,
  plc: string,
  did: string,
  options: GetOptions,
): Promise<unknown> {
  return await fetchDocument(network, plcUrl(plc, did, ''), did, { maxBytes: MAX_DOCUMENT_BYTES, ...options })
}

/** The audit log of a did:plc: every operation with its CID, time and nullified mark. */
export async function fetchPlcLog(
  network: Network,
  plc: string,
  did: string,
  options: GetOptions,
): Promise<unknown> {
  return await fetchDocument(network, plcUrl(plc, did, '/log/audit'), did, options)
}

/** The document of a did:web, from its host. */
export async function fetchWebDocument(network: Network, did: string, options: GetOptions): Promise<unknown> {
  const url = didWebUrl(did, network.allowLocal)
  return await fetchDocument(network, url, did, { maxBytes: MAX_DOCUMENT_BYTES, ...options })
}

function plcUrl(plc: string, did: string, rest: string): string {
  // the DID goes in as it is: didMethod has let only [a-z2-7:] through
  return `${plc.replace(/\/+$/, '')}/${did}${rest}`
}

/**
 * Errors: `pds.did-not-found` (404), `pds.did-tombstoned` (410), `pds.rate-limited`, `pds.http`,
 * `pds.bad-response`, and those of `get`.
 */
async function fetchDocument(
  network: Network,
  url: string,
  did: string,
  options: GetOptions,
): Promise<unknown> {
  const answer = await getJson(network, url, options)
  const { host } = answer.url
  const { status } = answer
  if (status === 404) throw new PdsError('pds.did-not-found', { did })
  if (status === 410) throw new PdsError('pds.did-tombstoned', { did })
  if (status !== 200) throw httpError(host, status, answer.headers, network.clock)
  if (answer.json === NOT_JSON) throw new PdsError('pds.bad-response', { host, reason: 'not-json' })
  return answer.json
}
