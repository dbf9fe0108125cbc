/**
 * Numbers, sizes and times as people read them. The product speaks English, so a person's own
 * locale is used only where it is an English one: "vor 2 Minuten" inside an English sentence helps nobody.
 */
const LOCALE = globalThis.navigator?.languages?.find((tag) => tag.startsWith('en')) ?? 'en-GB'

const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 })
const day = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'long', year: 'numeric' })
const dayTime = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'short' })
const full = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'full', timeStyle: 'long' })
const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: 'auto' })

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const
const sizes = UNITS.map((unit, power) =>
  [0, 1].map(
    (digits) =>
      new Intl.NumberFormat(LOCALE, {
        style: 'unit',
        unit,
        unitDisplay: power === 0 ? 'long' : 'short',
        minimumFractionDigits: power === 0 ? 0 : digits,
        maximumFractionDigits: power === 0 ? 0 : digits,
      }),
  ),
)

export function formatNumber(value: number): string {
  return whole.format(value)
}

/** Decimal units, as disks and networks are sold: 23.9 MB. One decimal below 100. */
export function formatBytes(bytes: number): string {
  let power = 0
  let value = Math.max(0, bytes)
  while (value >= 999.5 && power < UNITS.length - 1) {
    value /= 1000
    power++
  }
  return sizes[power]?.[value < 99.95 ? 1 : 0]?.format(value) ?? String(bytes)
}

/** "1 record", "48,210 records"; `many` defaults to `one` and an s. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`
}

const NUMBERS = ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine']

/** A small count that opens a sentence is a word: "Four repositories". */
export function pluralWord(count: number, one: string, many = `${one}s`): string {
  return `${NUMBERS[count] ?? formatNumber(count)} ${count === 1 ? one : many}`
}

export function formatDay(at: number): string {
  return day.format(at)
}

export function formatDayTime(at: number): string {
  return dayTime.format(at)
}

export function formatFull(at: number): string {
  return full.format(at)
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** "just now", "2 minutes ago", "yesterday", then the date; dates ahead read "in 5 minutes". */
export function formatAgo(at: number, now: number): string {
  const past = now - at
  const size = Math.abs(past)
  const sign = past < 0 ? 1 : -1
  if (size < 45_000) return past < -5_000 ? 'in a moment' : 'just now'
  if (size < HOUR) return relative.format(sign * Math.max(1, Math.round(size / MINUTE)), 'minute')
  if (size < DAY) return relative.format(sign * Math.round(size / HOUR), 'hour')
  if (size < 7 * DAY) return relative.format(sign * Math.round(size / DAY), 'day')
  return `${past < 0 ? '' : 'on '}${formatDay(at)}`
}

/** Seconds as a rough time that does not flicker: "2 s", "4 min", "1 h 20 min". */
export function formatDuration(seconds: number): string {
  const rounded = Math.max(1, Math.round(seconds))
  if (rounded < 60) return `${rounded} s`
  const minutes = Math.round(rounded / 60)
  if (minutes < 60) return `${minutes} min`
  const rest = minutes % 60
  return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`
}

/** ISO 8601 from a record to ms since epoch; undefined for anything that is not a sane date. */
export function parseDate(value: unknown): number | undefined {
  if (typeof value !== 'string' || value.length > 64) return undefined
  const at = Date.parse(value)
  return Number.isFinite(at) ? at : undefined
}

/** An identifier shortened in the middle: `did:plc:ewvi7n…s64oiz`. A scheme in front is kept whole. */
export function shorten(id: string, head = 6, tail = 6): string {
  const prefix = /^(did:[a-z]+:|at:\/\/)/.exec(id)?.[0] ?? ''
  const rest = id.slice(prefix.length)
  if (rest.length <= head + tail + 2) return id
  return `${prefix}${rest.slice(0, head)}…${rest.slice(-tail)}`
}
