import type { Draft } from '../../../cairn/api.ts'
import { plural } from '../../lib/format.ts'
import { DraftCard } from './draft-card.tsx'
import '../../styles/writing.css'

interface UnsentListProps {
  readonly drafts: ReadonlyMap<string, Draft>
  readonly collection: string
}

/** Above the records of a collection: those that are only here yet. */
export function UnsentList({ drafts, collection }: UnsentListProps) {
  const made = [...drafts.values()].filter((it) => it.collection === collection && it.action === 'create')
  if (made.length === 0) return null
  return (
    <section className="stack unsent-list" aria-label={plural(made.length, 'unsent record')}>
      {made.toReversed().map((draft) => (
        <DraftCard key={draft.id} draft={draft} />
      ))}
    </section>
  )
}
