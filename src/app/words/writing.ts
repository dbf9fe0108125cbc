import { formatBytes, formatNumber } from '../lib/format.ts'
import { number, text, TRY_LATER, type Fields, type WordsEntry } from './shape.ts'

const KEPT = 'What you wrote is kept here as a draft.'
const host = (fields: Fields) => text(fields, 'host', 'The server')

/** A server's own words, as a sentence of ours. */
function said(fields: Fields): string {
  const message = text(fields, 'message', '')
    .replaceAll(/[.\s]+$/g, '')
    .replaceAll(/\s+/g, ' ')
  return message === '' ? '' : `It says: “${message}”. `
}

/** Writing to one's own repo. */
export const writingWords: Readonly<Record<string, WordsEntry>> = {
  'writing.bad-path': {
    title: 'That is no name for a collection and a record in it.',
    safe: 'Nothing was changed.',
    next: 'A collection is named like a domain turned round; a key has letters, digits and . _ ~ : - only.',
  },
  'writing.wrong-type': (fields) => ({
    title: 'The record says that it belongs into another collection.',
    safe: 'Nothing was changed.',
    next: `Set its $type to ${text(fields, 'expected', 'the name of this collection')}, or leave it out.`,
  }),
  'writing.too-large': (fields) => {
    const limit = number(fields, 'limit')
    return {
      title: 'This record is larger than any record may be.',
      safe: 'Nothing was changed.',
      next: `Make it shorter${limit === undefined ? '' : `: at most ${formatBytes(limit)}`}. Files go beside a record, not into it.`,
    }
  },
  'writing.too-many': (fields) => {
    const limit = number(fields, 'limit')
    return {
      title: 'There is too much unsent already.',
      safe: 'Everything written before is kept.',
      next: `Send or discard some of it first${limit === undefined ? '' : `; ${formatNumber(limit)} is the most`}.`,
    }
  },
  'writing.blob-gone': {
    title: 'A file that this record names is not here.',
    safe: 'Nothing was changed.',
    next: 'Fetch the blobs of this repository, or add the file again.',
  },
  'writing.in-flight': {
    title: 'This is on its way already and cannot be taken back.',
    safe: KEPT,
    next: 'Wait until it has arrived; then change or delete the record.',
  },
  'writing.no-such-draft': {
    title: 'That draft is no longer there.',
    safe: 'It was sent or discarded, perhaps in another tab.',
    next: 'Look at the record itself.',
  },
  'writing.refused': (fields) => ({
    title: `${host(fields)} will not have this.`,
    safe: KEPT,
    next: `${said(fields)}Edit it and send it again.`,
  }),
  'writing.moving': (fields) => ({
    title: 'Something else is writing to this account all the time.',
    safe: KEPT,
    next: `It is tried again by itself when ${host(fields)} is calmer.`,
  }),
  'writing.not-listed': (fields) => ({
    title: `${host(fields)} took what was sent, but the repository it serves does not show it yet.`,
    safe: 'Until it is there and signed, your draft stays.',
    next: 'It is looked for again by itself.',
  }),
  'app.not-json': {
    title: 'This is no JSON.',
    safe: 'Nothing was changed.',
    next: 'Look for a missing comma, quote or bracket.',
  },
  'app.image-unusable': (fields) => ({
    title:
      fields['reason'] === 'size'
        ? 'This image is too large to be made smaller here.'
        : 'The browser cannot read this image.',
    safe: 'What you wrote is still there.',
    next: 'Choose another one, or save it as JPEG or PNG first.',
  }),
  'writing.no-lexicon': {
    title: 'The part of Cairn that checks records could not be loaded.',
    safe: 'Nothing was changed.',
    next: TRY_LATER,
  },
}
