import { utf8 } from '../core/bytes.ts'

/** A name and what it stands for. */
export type DigestLine = readonly [name: string, value: string | number | boolean | null]

/**
 * The text that a manifest's digest is over: a header, then a line for each field that says its type, each
 * line ended by a line feed. Text has its length in UTF-8 bytes before it, so that no two lists look alike.
 */
export function digestLines(header: string, lines: readonly DigestLine[]): string {
  return [header, ...lines.map(([name, value]) => `${name}:${typed(value)}`), ''].join('\n')
}

function typed(value: DigestLine[1]): string {
  if (value === null) return 'n'
  if (typeof value === 'string') return `s:${utf8(value).length}:${value}`
  return typeof value === 'number' ? `i:${value}` : `b:${value ? 1 : 0}`
}
