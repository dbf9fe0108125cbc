import { formatSpaceRepo } from '../../repo/space/uri.ts'
import type { InnerPlace } from '../content/model.ts'
import { itemOf, kindOf } from '../content/ids.ts'
import type { SentHead } from './identity.ts'
import type { VaultParts } from './parts.ts'
import { parsePlace } from './places.ts'

/** Text of a note, under the note's id and what follows a dot. */
const TEXT = 'app.cairn.space.text'

function itemAt({ collection, rkey }: InnerPlace): string | undefined {
  if (collection === TEXT) return itemOf('note', rkey.split('.', 1)[0] ?? rkey)
  const kind = kindOf(collection)
  return kind && itemOf(kind, rkey)
}

/** Entities that this device changed after a head of its own, `{kind}/{id}`, ascending; all that it wrote without one. */
export async function unsentItems(
  { space, store, repos, device }: VaultParts,
  sent: SentHead | undefined,
): Promise<readonly string[]> {
  const author = device().id
  const book = repos.books().get(author)
  const items = new Set<string>()
  for (const path of await store.changed(formatSpaceRepo({ space, author }), sent?.rev)) {
    const place = parsePlace(path)
    const inner = place?.kind === 'sealed' ? book?.placeOf(place.rkey) : undefined
    const item = inner && itemAt(inner)
    if (item !== undefined) items.add(item)
  }
  return [...items].sort()
}
