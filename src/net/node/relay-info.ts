import * as v from 'valibot'
import { NetError } from '../errors.ts'
import { parseMultiaddr, peerOf, withPeer } from './multiaddrs.ts'
import { isStunServer, MAX_STUN } from './stun.ts'

/** Longest description that is read, bytes. */
const MAX_BYTES = 64 * 1024
const MAX_ADDRESSES = 32

const shape = v.object({
  peerId: v.pipe(v.string(), v.maxLength(128)),
  multiaddrs: v.pipe(
    v.array(v.pipe(v.string(), v.maxLength(512))),
    v.minLength(1),
    v.maxLength(MAX_ADDRESSES),
  ),
  version: v.pipe(v.string(), v.maxLength(128)),
  /** null: it keeps no copies */
  store: v.nullable(v.object({ admission: v.pipe(v.string(), v.maxLength(32)) })),
  /** what it allows; which limits there are is the relay's business */
  limits: v.record(v.string(), v.unknown()),
  /** its address opens on other devices too */
  shareable: v.optional(v.boolean(), true),
  /** STUN servers for direct connections; none: it says nothing of them, [] that none should be asked */
  stun: v.optional(v.array(v.string())),
})

/** What a relay says of itself under its web address. */
export type RelayInfo = v.InferOutput<typeof shape>

type Fetch = (url: string, init: RequestInit) => Promise<Response>

/**
 * Reads `GET {url}/relay.json`. Each address must lead to the peer id that is named; those that are no
 * multiaddr, or lead elsewhere, are left out, as are STUN servers that are none, and those after the sixth.
 *
 * @throws NetError `net.relay-invalid` ({ url, reason }), `net.unreachable` ({ peer: url, tried: 1 }),
 *   `net.cancelled`
 */
export async function fetchRelayInfo(fetch: Fetch, url: string, signal?: AbortSignal): Promise<RelayInfo> {
  const invalid = (reason: string): NetError => new NetError('net.relay-invalid', { url, reason })
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw invalid('url')
  const text = await readText(fetch, url, signal)
  if (text === undefined) throw invalid('too-large')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalid('json')
  }
  const result = v.safeParse(shape, value)
  if (!result.success) throw invalid('shape')
  const { peerId } = result.output
  const multiaddrs = result.output.multiaddrs.flatMap((one) => {
    const address = parseMultiaddr(one)
    if (address === undefined) return []
    const whole = withPeer(address, peerId)
    return peerOf(whole) === peerId ? [whole.toString()] : []
  })
  if (multiaddrs.length === 0) throw invalid('addresses')
  const { stun, ...info } = result.output
  return {
    ...info,
    multiaddrs,
    ...(stun === undefined ? {} : { stun: stun.filter(isStunServer).slice(0, MAX_STUN) }),
  }
}

/** The body, or undefined when it is too long: reading stops there. */
async function readText(fetch: Fetch, url: string, signal?: AbortSignal): Promise<string | undefined> {
  try {
    const response = await fetch(new URL('relay.json', url.endsWith('/') ? url : `${url}/`).href, {
      headers: { accept: 'application/json' },
      cache: 'no-store',
      ...(signal === undefined ? {} : { signal }),
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw new NetError('net.relay-invalid', { url, reason: `status-${response.status}` })
    }
    return await readLimited(response)
  } catch (error) {
    if (error instanceof NetError) throw error
    if (signal?.aborted === true) throw new NetError('net.cancelled', {}, { cause: error })
    throw new NetError('net.unreachable', { peer: url, tried: 1 }, { cause: error })
  }
}

async function readLimited(response: Response): Promise<string | undefined> {
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for (;;) {
    const part = await reader?.read()
    if (part === undefined || part.done) return text + decoder.decode()
    bytes += part.value.length
    if (bytes > MAX_BYTES) {
      await reader?.cancel()
      return undefined
    }
    text += decoder.decode(part.value, { stream: true })
  }
}
