import { isDid, isHandle } from '../core/syntax.ts'
import { collect } from './body.ts'
import { isRetriable, PdsError, throwIfCancelled } from './errors.ts'
import type { Network } from './network.ts'
import { get, getJson } from './request.ts'
import { isObject } from './values.ts'
import { queryJson } from './xrpc.ts'

/** Where handles are looked up; an empty text turns that way off. */
export interface HandleEndpoints {
  /** DNS over HTTPS with the JSON API, for the TXT record of `_atproto.HANDLE` */
  readonly doh: string
  /** XRPC host that answers `com.atproto.identity.resolveHandle` */
  readonly resolver: string
}

export type HandleWay = 'dns' | 'well-known' | 'resolver'

export interface ResolvedHandle {
  readonly did: string
  readonly via: HandleWay
}

/** Endings that are never handles (atproto handle spec); the first two are for development only. */
const LOCAL_TLDS = ['test', 'localhost']
const RESERVED_TLDS = ['alt', 'arpa', 'example', 'internal', 'invalid', 'local', 'onion']

/** A DNS answer is a few hundred bytes; a domain may carry many other TXT records. */
const MAX_DNS_BYTES = 64 * 1024
/** A DID is at most 2,048 characters. */
const MAX_WELL_KNOWN_BYTES = 4096
/** A handle's own web server often does not exist; nobody should wait long for it, ms. */
const WELL_KNOWN_TIMEOUT = 6000
const TXT = 16
/** TXT records looked at. */
const MAX_ANSWERS = 64

/** Outcome of one way: a DID, a definite no, or an error's code. */
type Outcome = { readonly did: string } | { readonly none: string; readonly retriable: boolean }

/**
 * Resolves a handle to a DID: DNS and the handle's own web server at once, DNS preferred; when both
 * know nothing, the XRPC resolver. The answer is a claim by whoever runs the handle's domain; the
 * DID's document must name the handle too (see `identity.ts`).
 *
 * Errors: `pds.handle-invalid { handle, reason }`, `pds.handle-unresolved { handle, tried, retriable }`
 * where `tried` maps each way to why it gave nothing, `pds.cancelled`.
 */
export async function resolveHandle(
  network: Network,
  endpoints: HandleEndpoints,
  input: string,
  signal?: AbortSignal,
): Promise<ResolvedHandle> {
  const handle = checkHandle(input, network.allowLocal)
  const stop = new AbortController()
  const linked = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
  const outcomes: Partial<Record<HandleWay, Outcome>> = {}
  try {
    const wellKnown = outcomeOf(askWellKnown(network, handle, linked))
    // when DNS answers first this one is aborted, and nobody waits for how it ends
    wellKnown.catch(() => {})
    if (endpoints.doh !== '') {
      outcomes.dns = await outcomeOf(askDns(network, endpoints.doh, handle, linked))
      if ('did' in outcomes.dns) return { did: outcomes.dns.did, via: 'dns' }
    }
    outcomes['well-known'] = await wellKnown
    if ('did' in outcomes['well-known']) return { did: outcomes['well-known'].did, via: 'well-known' }
  } finally {
    stop.abort()
  }
  throwIfCancelled(signal)
  if (endpoints.resolver !== '') {
    outcomes.resolver = await outcomeOf(askResolver(network, endpoints.resolver, handle, signal))
    if ('did' in outcomes.resolver) return { did: outcomes.resolver.did, via: 'resolver' }
  }
  throwIfCancelled(signal)
  const failed = Object.entries(outcomes).flatMap(([way, outcome]) =>
    'none' in outcome ? [{ way, ...outcome }] : [],
  )
  throw new PdsError('pds.handle-unresolved', {
    handle,
    tried: Object.fromEntries(failed.map(({ way, none }) => [way, none])),
    // a resolver asks DNS and the web server itself, so its no is a no; that the web server cannot be
    // reached from here says little (most handles have none, and a browser is often not let in)
    retriable:
      failed.find(({ way }) => way === 'resolver')?.retriable ?? failed.some(({ retriable }) => retriable),
  })
}

/** The handle in lowercase. Throws `pds.handle-invalid` with the reasons `syntax` and `reserved-tld`. */
export function checkHandle(input: string, allowLocal: boolean): string {
  const handle = input.toLowerCase()
  if (!isHandle(handle))
    throw new PdsError('pds.handle-invalid', { handle: input.slice(0, 256), reason: 'syntax' })
  const tld = handle.slice(handle.lastIndexOf('.') + 1)
  if (RESERVED_TLDS.includes(tld) || (LOCAL_TLDS.includes(tld) && !allowLocal)) {
    throw new PdsError('pds.handle-invalid', { handle, reason: 'reserved-tld' })
  }
  return handle
}

async function outcomeOf(asked: Promise<Outcome>): Promise<Outcome> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof PdsError) return { none: error.code, retriable: isRetriable(error) }
    throw error
  }
}

async function askDns(network: Network, doh: string, handle: string, signal: AbortSignal): Promise<Outcome> {
  if (!URL.canParse(doh)) throw new PdsError('pds.address-refused', { host: undefined, reason: 'syntax' })
  const url = new URL(doh)
  url.searchParams.set('name', `_atproto.${handle}`)
  url.searchParams.set('type', 'TXT')
  const options = { signal, accept: 'application/dns-json', maxBytes: MAX_DNS_BYTES }
  const { status, json } = await getJson(network, url, options)
  if (status !== 200) return { none: `http-${status}`, retriable: status >= 500 || status === 429 }
  const dids = new Set(
    txtRecords(json).flatMap((text) => (text.startsWith('did=') ? [text.slice(4).trim()] : [])),
  )
  const [did] = dids
  if (did === undefined) return { none: 'no-record', retriable: false }
  // several answers mean that nobody can say which is meant (atproto handle spec)
  return dids.size === 1 ? claim(did) : { none: 'ambiguous', retriable: false }
}

/** The texts of the TXT answers in the JSON form of DNS over HTTPS, where each is one or more quoted strings. */
function txtRecords(json: unknown): string[] {
  if (!isObject(json) || !Array.isArray(json['Answer'])) return []
  const texts: string[] = []
  for (const answer of json['Answer'].slice(0, MAX_ANSWERS) as unknown[]) {
    if (!isObject(answer) || answer['type'] !== TXT || typeof answer['data'] !== 'string') continue
    const quoted = [...answer['data'].matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] ?? '')
    texts.push(quoted.length === 0 ? answer['data'] : quoted.join(''))
  }
  return texts
}

async function askWellKnown(network: Network, handle: string, signal: AbortSignal): Promise<Outcome> {
  const answer = await get(network, `https://${handle}/.well-known/atproto-did`, {
    signal,
    accept: 'text/plain',
    firstByteMs: WELL_KNOWN_TIMEOUT,
    idleMs: WELL_KNOWN_TIMEOUT,
    maxBytes: MAX_WELL_KNOWN_BYTES,
  })
  const text = new TextDecoder().decode(await collect(answer.body))
  if (answer.status !== 200) return { none: `http-${answer.status}`, retriable: answer.status >= 500 }
  return claim(text.trim())
}

async function askResolver(
  network: Network,
  service: string,
  handle: string,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const query = { service, method: 'com.atproto.identity.resolveHandle', params: { handle } }
  const { did } = await queryJson(network, query, { signal, maxBytes: MAX_WELL_KNOWN_BYTES })
  return claim(typeof did === 'string' ? did : '')
}

function claim(did: string): Outcome {
  return isDid(did) ? { did } : { none: 'not-a-did', retriable: false }
}
