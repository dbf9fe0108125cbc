import { fields, list, str, sub, webUrl, type Fields } from './read.ts'

export interface Segment {
  readonly text: string
  /** where a link leads, or the DID of who is mentioned */
  readonly link?: string
  readonly mention?: string
  readonly tag?: string
}

/** No honest post has more; each costs an element. */
const MAX_FACETS = 200

/**
 * Splits a text at its facets (app.bsky.richtext.facet), whose ends count UTF-8 bytes. Facets that lie
 * outside the text, inside a character, over one another, or lead to no web address are left as text.
 */
export function segments(text: string, facets: readonly unknown[]): readonly Segment[] {
  const bytes = new TextEncoder().encode(text)
  const decoder = new TextDecoder()
  const sound = facets
    .slice(0, MAX_FACETS)
    .map((facet) => readFacet(fields(facet), bytes))
    .filter((facet) => facet !== undefined)
    .sort((a, b) => a.start - b.start)
  const out: Segment[] = []
  let at = 0
  for (const { start, end, feature } of sound) {
    if (start < at) continue
    if (start > at) out.push({ text: decoder.decode(bytes.subarray(at, start)) })
    out.push({ text: decoder.decode(bytes.subarray(start, end)), ...feature })
    at = end
  }
  if (at < bytes.length) out.push({ text: decoder.decode(bytes.subarray(at)) })
  return out
}

interface Facet {
  readonly start: number
  readonly end: number
  readonly feature: Omit<Segment, 'text'>
}

function readFacet(facet: Fields | undefined, bytes: Uint8Array): Facet | undefined {
  const index = sub(facet, 'index')
  const start = index?.['byteStart']
  const end = index?.['byteEnd']
  if (
    typeof start !== 'number' ||
    typeof end !== 'number' ||
    !Number.isInteger(start) ||
    !Number.isInteger(end)
  )
    return undefined
  if (start < 0 || end <= start || end > bytes.length || inCharacter(bytes, start) || inCharacter(bytes, end))
    return undefined
  const feature = readFeature(fields(list(facet, 'features')[0]))
  return feature === undefined ? undefined : { start, end, feature }
}

/** UTF-8 continuation bytes are 10xxxxxx. */
function inCharacter(bytes: Uint8Array, at: number): boolean {
  return ((bytes[at] ?? 0) & 0xc0) === 0x80
}

function readFeature(feature: Fields | undefined): Omit<Segment, 'text'> | undefined {
  switch (str(feature, '$type')) {
    case 'app.bsky.richtext.facet#link': {
      const url = webUrl(str(feature, 'uri'))
      return url === undefined ? undefined : { link: url.href }
    }
    case 'app.bsky.richtext.facet#mention': {
      const did = str(feature, 'did')
      return did?.startsWith('did:') === true ? { mention: did } : undefined
    }
    case 'app.bsky.richtext.facet#tag': {
      const tag = str(feature, 'tag')
      return tag === undefined ? undefined : { tag }
    }
    default:
      return undefined
  }
}
