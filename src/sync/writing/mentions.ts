import { isDid } from '../../core/syntax.ts'
import type { RecordValue, UnresolvedMention } from './model.ts'

/**
 * A post with facets for those mentioned whose DIDs are known by now (app.bsky.richtext.facet); who is not found stays
 * plain text, as everywhere in the network.
 */
export function withMentions(
  value: RecordValue,
  mentions: readonly UnresolvedMention[],
  didOf: (handle: string) => string | undefined,
): RecordValue {
  const found = mentions.flatMap(({ handle, byteStart, byteEnd }) => {
    const did = didOf(handle)
    if (did === undefined || !isDid(did)) return []
    return [
      {
        $type: 'app.bsky.richtext.facet',
        index: { byteStart, byteEnd },
        features: [{ $type: 'app.bsky.richtext.facet#mention', did }],
      },
    ]
  })
  if (found.length === 0) return value
  const facets: unknown[] = Array.isArray(value['facets']) ? value['facets'] : []
  const all = [...facets, ...found].sort((a, b) => startOf(a) - startOf(b))
  return { ...value, facets: all }
}

function startOf(facet: unknown): number {
  const index: unknown =
    typeof facet === 'object' && facet !== null && 'index' in facet ? facet.index : undefined
  const start: unknown =
    typeof index === 'object' && index !== null && 'byteStart' in index ? index.byteStart : undefined
  return typeof start === 'number' ? start : 0
}
