import { useState } from 'react'
import type { Draft } from '../../../cairn/api.ts'
import { Json } from '../../cards/json.tsx'
import { RecordCard } from '../../cards/record-card.tsx'
import { Ago } from '../../components/bits.tsx'
import { Confirm } from '../../components/confirm.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { recordHref } from '../../lib/routes.ts'
import { draftState, draftTitle } from '../../words/draft-states.ts'
import { DraftPill } from './draft-state.tsx'
import { writingHref } from './hrefs.ts'

interface DraftCardProps {
  readonly draft: Draft
  /** on the record's own page, which has the rest */
  readonly onPage?: boolean
}

/** A draft: what it will do, how it stands, and what one can do about it. */
export function DraftCard({ draft, onPage = false }: DraftCardProps) {
  const { did, path, value } = draft
  return (
    <article className="card pad draft" aria-label={draftTitle(draft)}>
      <div className="line">
        <DraftPill draft={draft} />
        {onPage ? (
          <span className="strong">{draftTitle(draft)}</span>
        ) : (
          <a className="strong" href={recordHref(did, path)}>
            {draftTitle(draft)}
          </a>
        )}
        <span className="small faint push">
          <Ago at={draft.changedAt} />
        </span>
      </div>
      <p className="small">{draftState(draft).long}</p>
      {draft.status === 'conflict' ? (
        <BothSides draft={draft} />
      ) : (
        value !== undefined && (
          <RecordCard did={did} collection={draft.collection} value={value} compact={!onPage} />
        )
      )}
      {draft.reason !== undefined && <ErrorNote error={draft.reason} />}
      <DraftActions draft={draft} />
    </article>
  )
}

/** What the record is now, and what it would be. */
function BothSides({ draft }: { readonly draft: Draft }) {
  const { did, collection, value, theirs } = draft
  return (
    <div className="both-sides">
      <section aria-label="Yours" className="stack-tight">
        <h3>Yours</h3>
        <Side did={did} collection={collection} value={value} />
      </section>
      <section aria-label="In the repository now" className="stack-tight">
        <h3>In the repository now</h3>
        <Side did={did} collection={collection} value={theirs?.value} />
      </section>
    </div>
  )
}

function Side({ did, collection, value }: { did: string; collection: string; value: unknown }) {
  if (value === undefined) return <p className="small">Deleted</p>
  return (
    <>
      <RecordCard did={did} collection={collection} value={value} />
      <details>
        <summary className="small">JSON</summary>
        <Json value={value} />
      </details>
    </>
  )
}

function DraftActions({ draft }: { readonly draft: Draft }) {
  const { did, id, path, status, value } = draft
  const action = useAction()
  const [asking, setAsking] = useState(false)
  const inFlight = status === 'sending' || status === 'sent'
  const insist = () => void action.run((cairn) => cairn.writing.insist(did, id))
  const go = { held: 'Send', refused: 'Send again', conflict: 'Keep mine' }
  const goes = status === 'held' || status === 'refused' || status === 'conflict' ? go[status] : undefined
  return (
    <>
      <div className="line card-actions">
        {goes !== undefined && (
          <button type="button" className="btn slim go" disabled={action.running} onClick={insist}>
            {goes}
          </button>
        )}
        {value !== undefined && status !== 'sent' && (
          <a className="btn slim" href={writingHref(did, { edit: path })}>
            Edit
          </a>
        )}
        {!inFlight && (
          <button
            type="button"
            className="btn slim"
            disabled={action.running}
            onClick={() => setAsking(true)}
          >
            {status === 'conflict' ? 'Keep theirs' : 'Discard'}
          </button>
        )}
      </div>
      {asking && (
        <Confirm
          title={status === 'conflict' ? 'Let go of your version?' : 'Discard this draft?'}
          confirm={status === 'conflict' ? 'Keep theirs' : 'Discard'}
          busy={action.running}
          error={action.error}
          onConfirm={() => void action.run((cairn) => cairn.writing.discard(did, id))}
          onClose={() => setAsking(false)}
        >
          <p>
            What you wrote here is gone then; it was never sent.
            {draft.action !== 'create' && ' The record in the repository stays as it is.'}
          </p>
        </Confirm>
      )}
      {!asking && action.error !== undefined && <ErrorNote error={action.error} />}
    </>
  )
}
