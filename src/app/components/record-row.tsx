import type { RecordItem } from '../../cairn/api.ts'
import { RecordCard } from '../cards/record-card.tsx'
import { recordHref } from '../lib/routes.ts'
import '../styles/record.css'

/** A record in a list: its card, and the way to all of it. */
export function RecordRow({ did, item }: { readonly did: string; readonly item: RecordItem }) {
  return (
    <>
      <RecordCard did={did} collection={item.collection} value={item.value} compact />
      <a className="feed-open small faint" href={recordHref(did, item.path)} tabIndex={-1}>
        <span className="hidden-text">Open record </span>
        <bdi className="mono">{item.rkey}</bdi>
      </a>
    </>
  )
}

/** Where one will be when its page has arrived. */
export function BlankRecordRow() {
  return (
    <div className="stack-tight blank-row" aria-hidden="true">
      <span className="blank w25" />
      <span className="blank w90" />
      <span className="blank w60" />
    </div>
  )
}
