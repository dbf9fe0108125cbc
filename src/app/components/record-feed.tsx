import type { ReactNode } from 'react'
import type { Draft, RecordItem } from '../../cairn/api.ts'
import { RecordCard } from '../cards/record-card.tsx'
import { goTo } from '../lib/navigate.ts'
import type { Paged } from '../lib/pages.ts'
import { recordHref } from '../lib/routes.ts'
import { DraftPill } from '../views/compose/draft-state.tsx'
import { draftTitle } from '../words/draft-states.ts'
import '../styles/record.css'
import { ErrorNote } from './error-note.tsx'
import { VirtualFeed } from './virtual-feed.tsx'

/** A record in a list: its card, and the way to all of it. */
function RecordRow({
  did,
  item,
  draft,
}: {
  readonly did: string
  readonly item: RecordItem
  readonly draft: Draft | undefined
}) {
  return (
    <>
      {draft !== undefined && (
        <p className="small">
          <DraftPill draft={draft} /> {draftTitle(draft)}
        </p>
      )}
      <RecordCard did={did} collection={item.collection} value={draft?.value ?? item.value} compact />
      <a className="feed-open small faint" href={recordHref(did, item.path)} tabIndex={-1}>
        <span className="hidden-text">Open record </span>
        <bdi className="mono">{item.rkey}</bdi>
      </a>
    </>
  )
}

/** Where one will be when its page has arrived. */
function BlankRecordRow() {
  return (
    <div className="stack-tight blank-row" aria-hidden="true">
      <span className="blank w25" />
      <span className="blank w90" />
      <span className="blank w60" />
    </div>
  )
}

interface RecordFeedProps {
  readonly did: string
  /** what is unsent, by path */
  readonly drafts?: ReadonlyMap<string, Draft>
  readonly paged: Paged<RecordItem>
  readonly listKey: string
  readonly label: string
  /** shown when there are none */
  readonly empty: ReactNode
}

/** Records as cards, however many; each opens by itself. */
export function RecordFeed({ did, drafts, paged, listKey, label, empty }: RecordFeedProps) {
  return (
    <>
      {paged.error !== undefined && <ErrorNote error={paged.error} />}
      <div className="card">
        {paged.total === 0 ? (
          empty
        ) : (
          <VirtualFeed
            paged={paged}
            listKey={listKey}
            label={label}
            rowHeight={110}
            onOpen={(item) => goTo(recordHref(did, item.path))}
            renderRow={(item) => <RecordRow did={did} item={item} draft={drafts?.get(item.path)} />}
            blank={<BlankRecordRow />}
          />
        )}
      </div>
    </>
  )
}
