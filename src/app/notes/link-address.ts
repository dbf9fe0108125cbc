/** Schemes that a link in a note may lead to. */
const SCHEMES = /^(https?|mailto):/i

/** True for an address of the web or of mail, and for nothing that could run as code or open a file. */
export function isSafeAddress(address: unknown): boolean {
  if (typeof address !== 'string') return false
  // Browsers leave out white space and control characters before they read the scheme.
  const read = Array.from(address)
    .filter((char) => char > ' ' && !/[\u007f-\u00a0\u2028\u2029\ufeff]/u.test(char))
    .join('')
  return read === address && SCHEMES.test(read)
}

/** The address that someone meant: `example.org` is one of the web. Undefined for what is none that may be linked. */
export function toAddress(typed: string): string | undefined {
  const trimmed = typed.trim()
  if (trimmed === '') return undefined
  const full = /^[a-z][a-z0-9+.-]*:/i.test(trimmed)
    ? trimmed
    : /^[^\s/@]+@[^\s/@]+$/.test(trimmed)
      ? `mailto:${trimmed}`
      : `https://${trimmed}`
  try {
    const { href } = new URL(full)
    return isSafeAddress(href) ? href : undefined
  } catch {
    return undefined
  }
}
