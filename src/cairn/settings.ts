import * as v from 'valibot'
import type { Storage } from '../storage/port.ts'
import type { Settings } from './api.ts'

const KEY = 'settings'
const MAX_URL = 300

const url = v.pipe(v.string(), v.trim(), v.maxLength(MAX_URL), v.check((text) => URL.canParse(text)), v.regex(/^https?:/))
const urlOrNone = v.union([v.literal(''), url])

/** What a settings row may hold; a field that does not fit falls back to its default. */
const stored = v.object({
  endpoints: v.object({
    plc: v.fallback(url, 'https://plc.directory'),
    doh: v.fallback(urlOrNone, 'https://cloudflare-dns.com/dns-query'),
    resolver: v.fallback(urlOrNone, 'https://public.api.bsky.app'),
    allowLocal: v.fallback(v.boolean(), false),
  }),
  retention: v.fallback(
    v.variant('keep', [
      v.object({ keep: v.literal('all') }),
      v.object({ keep: v.literal('last'), count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)) }),
    ]),
    { keep: 'all' },
  ),
  blobs: v.fallback(v.boolean(), true),
})

export async function readSettings(storage: Storage): Promise<Settings> {
  return v.parse(stored, { endpoints: {}, ...asObject(await storage.get('settings', KEY)) })
}

export async function writeSettings(storage: Storage, change: Partial<Settings>): Promise<Settings> {
  const next = v.parse(stored, { ...(await readSettings(storage)), ...change })
  await storage.write([{ type: 'put', table: 'settings', key: KEY, value: next }])
  return next
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}
