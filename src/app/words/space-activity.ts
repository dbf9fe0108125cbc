import { plural } from '../lib/format.ts'
import { wordsFor } from '../words.ts'
import { number, text, type Fields } from './shape.ts'

/** Who did it, as members call them; else the end of the device's or peer's key. */
function who(fields: Fields): string {
  const name = text(fields, 'name', '')
  if (name !== '') return `A device of ${name}`
  const key = text(fields, 'device', text(fields, 'peer', ''))
  return key === '' ? 'A device' : `The device …${key.slice(-6)}`
}

const where = (fields: Fields): string => text(fields, 'title', 'a space')

/** What was not believed, or went wrong, in group spaces. */
export const spaceSentences = {
  'space.ignored': (fields: Fields) =>
    `${who(fields)} sent something to ${where(fields)} that counts for nothing. ${wordsFor(text(fields, 'code', 'spaces.refused')).title}`,
  'space.fault': (fields: Fields) =>
    `Something that came for ${where(fields)} was thrown away. ${wordsFor(text(fields, 'code', 'spaces.refused')).title}`,
  'space.withheld': (fields: Fields) => {
    const count = number(fields, 'count')
    const what = count === undefined ? 'something' : plural(count, 'change')
    return `A store or device offers less of ${where(fields)} than members have seen: ${what} held back.`
  },
  'space.forked': (fields: Fields) =>
    `${who(fields)} signed two different changes as one in ${where(fields)}. ${
      fields['heldCommit'] === undefined ? 'Members have seen both.' : 'Both are kept as proof.'
    }`,
  'space.cloned': (fields: Fields) =>
    `Another copy of this browser’s profile writes to ${where(fields)}. This device goes on as a new one of yours; what was unsent is kept.`,
  'space.device-added': (fields: Fields) => {
    const name = text(fields, 'name', '')
    const device = name === '' ? `The device …${text(fields, 'device', '').slice(-6)}` : name
    return `${device} is now a device of yours in ${where(fields)}. If it is not, remove it under Members.`
  },
  'space.failed': (fields: Fields) =>
    `What was typed in ${where(fields)} could not be stored yet. It is tried again by itself.`,
}
