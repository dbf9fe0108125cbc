import { collectionName, singular } from '../lib/collections.ts'
import { formatNumber } from '../lib/format.ts'
import { number, text, type Fields } from './shape.ts'

type Sentence = (fields: Fields, name: string) => string

/** “a post”, by the path of the record. */
export function recordWords(path: string): string {
  const [collection = ''] = path.split('/')
  const word = singular(collectionName(collection)).toLowerCase()
  if (word.includes('.') || word === '') return 'a record'
  return /^[aeio]/.test(word) ? `an ${word}` : `a ${word}`
}

const what = (fields: Fields): string => recordWords(text(fields, 'path', ''))

/** What is noted of writing to one's own repo. */
export const writingSentences = {
  'writing.done': (fields, name) => {
    const count = number(fields, 'count') ?? 1
    const sent = count === 1 ? what(fields) : `${formatNumber(count)} changes`
    return `${sent.charAt(0).toUpperCase()}${sent.slice(1)} written here ${count === 1 ? 'is' : 'are'} in the signed repository of ${name}.`
  },
  'writing.refused': (fields, name) => `The server of ${name} refused ${what(fields)} that was written here.`,
  'writing.conflict': (fields, name) =>
    `Of ${name}, ${what(fields)} was changed elsewhere, and there is a draft of it here.`,
} satisfies Record<string, Sentence>
