import { WritingError } from '../../sync/writing/errors.ts'
import type { RecordValue } from '../../sync/writing/model.ts'
import type { RichText } from '../writing-model.ts'

/** The client library, which carries lexicons and knows rich text: large, and loaded when it is first of use. */
const load = () =>
  import('@atproto/api').catch((error: unknown) => {
    throw new WritingError('writing.no-lexicon', {}, { cause: error })
  })

/** What a text points at. Handles are found but not looked up. */
export async function readText(text: string): Promise<RichText> {
  const api = await load()
  const rich = new api.RichText({ text })
  rich.detectFacetsWithoutResolution()
  const facets: unknown[] = []
  const mentions: RichText['mentions'][number][] = []
  for (const facet of rich.facets ?? []) {
    const mention = facet.features.find((it) => it.$type === 'app.bsky.richtext.facet#mention')
    const { byteStart, byteEnd } = facet.index
    if (mention !== undefined && 'did' in mention && typeof mention.did === 'string') {
      // the library puts the handle there until someone has looked it up
      mentions.push({ handle: mention.did, byteStart, byteEnd })
    } else {
      facets.push({ index: { byteStart, byteEnd }, features: facet.features })
    }
  }
  return { facets, mentions }
}

/** What the collection's lexicon says of a record; undefined: none is at hand. An empty text: all is well. */
export async function checkRecord(
  collection: string,
  rkey: string,
  value: RecordValue,
): Promise<string | undefined> {
  const { lexicons, jsonToLex } = await load()
  const definition = lexicons.get(collection)?.defs['main']
  if (definition?.type !== 'record') return undefined
  const { key } = definition
  const literal = key?.startsWith('literal:') === true ? key.slice('literal:'.length) : undefined
  if (literal !== undefined && literal !== rkey) return `Record key must be ${literal}`
  try {
    lexicons.assertValidRecord(collection, jsonToLex(value))
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
