import { MAX_NAME } from '../../spaces/content/fields.ts'

const MAX_ENDING = 20

/** What a space can call a file: file systems take longer names, and such as are no text. Its ending stays. */
export function fileName(wanted: string): string {
  const name = wanted.toWellFormed()
  if (name.length <= MAX_NAME) return name
  const dot = name.lastIndexOf('.')
  const ending = dot > 0 && name.length - dot <= MAX_ENDING ? name.slice(dot) : ''
  // A character of two units is not cut in half.
  return name.slice(0, MAX_NAME - ending.length).replace(/[\ud800-\udbff]$/, '') + ending
}
