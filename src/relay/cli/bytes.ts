const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
}

/** Bytes from a text like `500000`, `64M`, `20GiB` (all binary), or undefined. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,15})\s*([kmgt]?)(i?b)?$/i.exec(text.trim())
  const unit = UNITS[match?.[2]?.toLowerCase() ?? '']
  if (match?.[1] === undefined || unit === undefined) return undefined
  const bytes = Number(match[1]) * unit
  return Number.isSafeInteger(bytes) ? bytes : undefined
}
