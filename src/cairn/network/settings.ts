import * as v from 'valibot'
import { isStunServer, MAX_STUN } from '../../net/node/stun.ts'
import type { Storage } from '../../storage/port.ts'
import { DEFAULT_STUN, type NetworkSettings } from '../network-model.ts'

const KEY = 'network'
const MAX_URL = 300
/** More relays than anyone needs; each costs a connection. */
const MAX_RELAYS = 8

const DEFAULTS: NetworkSettings = {
  enabled: true,
  relayOnly: false,
  stun: [DEFAULT_STUN],
  relays: [],
  live: true,
}

const relay = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(MAX_URL),
  v.check((text) => URL.canParse(text)),
  v.regex(/^https?:/),
  // one spelling for one relay
  v.transform((text) => new URL('.', text).href),
)
const stun = v.pipe(v.string(), v.trim(), v.check(isStunServer))

const settings = (or: NetworkSettings) =>
  v.object({
    enabled: v.fallback(v.boolean(), or.enabled),
    relayOnly: v.fallback(v.boolean(), or.relayOnly),
    live: v.fallback(v.boolean(), or.live),
    stun: v.fallback(v.pipe(v.array(stun), v.maxLength(MAX_STUN)), [...or.stun]),
    relays: v.fallback(
      v.pipe(
        v.array(relay),
        v.transform((list) => [...new Set(list)]),
        v.maxLength(MAX_RELAYS),
      ),
      [...or.relays],
    ),
  })

/** What is set of the network on this device; what is missing or damaged takes its default. */
export async function readNetworkSettings(storage: Storage): Promise<NetworkSettings> {
  const row = await storage.get('settings', KEY)
  return v.parse(settings(DEFAULTS), typeof row === 'object' && row !== null ? row : {})
}

/** Changes what is given and valid. Returns what holds now. */
export async function writeNetworkSettings(
  storage: Storage,
  change: Partial<NetworkSettings>,
): Promise<NetworkSettings> {
  const now = await readNetworkSettings(storage)
  const next = v.parse(settings(now), { ...now, ...change })
  await storage.write([{ type: 'put', table: 'settings', key: KEY, value: next }])
  return next
}
