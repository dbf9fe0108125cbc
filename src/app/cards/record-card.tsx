import { Boundary } from '../components/screen.tsx'
import { Json } from './json.tsx'
import { knownCard } from './known.tsx'
import { OwnerContext } from './parts.tsx'
import '../styles/cards.css'

interface RecordCardProps {
  readonly did: string
  readonly collection: string
  readonly value: unknown
  /** in a list */
  readonly compact?: boolean
}

/** A record to be read: its own card when its lexicon is known and kept to, its JSON otherwise. */
export function RecordCard({ did, collection, value, compact = false }: RecordCardProps) {
  return (
    <OwnerContext value={did}>
      <div className="record-card">
        <Boundary fallback={<Json value={value} compact={compact} />}>
          <Readable collection={collection} value={value} compact={compact} />
        </Boundary>
      </div>
    </OwnerContext>
  )
}

/** A component of its own, so that a fault while reading a record is caught around it. */
function Readable({ collection, value, compact = false }: Omit<RecordCardProps, 'did'>) {
  return knownCard(collection, value) ?? <Json value={value} compact={compact} />
}
