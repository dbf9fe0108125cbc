/**
 * The root of every error Cairn raises on purpose.
 *
 * `code` is stable and names the domain and the fact (`repo.bad-signature`); screens map it to a
 * sentence. Dynamic values live in `fields`, which must survive a structured clone. `message` is for
 * logs and developers, never for a screen.
 */
export class CairnError extends Error {
  readonly code: string
  readonly fields: Readonly<Record<string, unknown>>

  constructor(code: string, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(`${code}${describe(fields)}`, options)
    this.name = new.target.name
    this.code = code
    this.fields = fields
  }
}

function describe(fields: Record<string, unknown>): string {
  const parts = Object.entries(fields).map(([key, value]) => `${key}=${String(value)}`)
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

/** True when `error` is a {@link CairnError} with this exact code. */
export function hasCode(error: unknown, code: string): error is CairnError {
  return error instanceof CairnError && error.code === code
}
