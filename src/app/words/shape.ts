/** What a person is told about an error: what happened, what is safe, what to do next. Each is one or two sentences. */
export interface Words {
  readonly title: string
  readonly safe: string
  readonly next: string
}

export type Fields = Readonly<Record<string, unknown>>

/** Fixed sentences, or sentences that name something from the error's fields. */
export type WordsEntry = Words | ((fields: Fields) => Words)

export const COPY_SAFE = 'What is already kept on this device is complete and unchanged.'
export const NOTHING_KEPT = 'Nothing from it was kept. What was on this device before is unchanged.'
export const TRY_LATER = 'Try again in a while.'

/** A field as text for a sentence, bounded: it may come from a server. */
export function text(fields: Fields, name: string, otherwise: string): string {
  const value = fields[name]
  if (typeof value !== 'string' || value === '') return otherwise
  return value.length > 80 ? `${value.slice(0, 79)}…` : value
}

export function number(fields: Fields, name: string): number | undefined {
  const value = fields[name]
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
