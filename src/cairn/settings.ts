import * as v from 'valibot'
import type { Storage } from '../storage/port.ts'
import type { Retention, Settings } from './api.ts'

const KEY = 'settings'
/** Longer is no address that anyone types, characters. */
const MAX_URL = 300
/** More snapshots than anyone keeps on purpose. */
const MAX_COUNT = 10_000

const DEFAULTS: Settings = {
  endpoints: {
    plc: 'https://plc.directory',
    doh: 'https://cloudflare-dns.com/dns-query',
    resolver: 'https://public.api.bsky.app',
    allowLocal: false,
  },
  retention: { keep: 'all' },
  blobs: true,
}

const url = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(MAX_URL),
  v.check((text) => URL.canParse(text)),
  v.regex(/^https?:/),
)
const urlOrNone = v.union([v.literal(''), url])
const retention = v.variant('keep', [
  v.object({ keep: v.literal('all') }),
  v.object({
    keep: v.literal('last'),
    count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_COUNT)),
  }),
])

/** Settings, each field that is missing or does not fit taken from `or`. */
const settings = (or: Settings) =>
  v.object({
    endpoints: v.fallback(
      v.object({
        plc: v.fallback(url, or.endpoints.plc),
        doh: v.fallback(urlOrNone, or.endpoints.doh),
        resolver: v.fallback(urlOrNone, or.endpoints.resolver),
        allowLocal: v.fallback(v.boolean(), or.endpoints.allowLocal),
      }),
      or.endpoints,
    ),
    retention: v.fallback(retention, or.retention),
    blobs: v.fallback(v.boolean(), or.blobs),
  })

/** What is set on this device. A row of another version of Cairn, or a damaged one, gives defaults for what it lacks. */
export async function readSettings(storage: Storage): Promise<Settings> {
  const row = await storage.get('settings', KEY)
  return v.parse(settings(DEFAULTS), typeof row === 'object' && row !== null ? row : {})
}

/** Changes what is given and valid; everything else stays as it was. Returns what holds now. */
export async function writeSettings(storage: Storage, change: Partial<Settings>): Promise<Settings> {
  const now = await readSettings(storage)
  const next = v.parse(settings(now), { ...now, ...change })
  await storage.write([{ type: 'put', table: 'settings', key: KEY, value: next }])
  return next
}

/** How many snapshots a repo's row says to keep; undefined: all. */
export const keepLastOf = (retention: Retention): number | undefined =>
  retention.keep === 'all' ? undefined : Math.max(1, Math.floor(retention.count))
