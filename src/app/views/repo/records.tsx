import { useState } from 'react'
import type { RecordItem, RepoSummary } from '../../../cairn/api.ts'
import { RecordCard } from '../../cards/record-card.tsx'
import { Empty } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { Title } from '../../components/screen.tsx'
import { VirtualFeed } from '../../components/virtual-feed.tsx'
import { collectionName } from '../../lib/collections.ts'
import { formatBytes, plural } from '../../lib/format.ts'
import { goTo } from '../../lib/navigate.ts'
import { usePages } from '../../lib/pages.ts'
import { aboutRepo } from '../../lib/reads.ts'
import { repoName } from '../../lib/repo-status.ts'
import { collectionHref, recordHref } from '../../lib/routes.ts'
import '../../styles/record.css'

interface RecordsProps {
  readonly repo: RepoSummary
  readonly collection: string
}

/** One collection, however long, newest or oldest first. */
export function Records({ repo, collection }: RecordsProps) {
  const [newestFirst, setNewestFirst] = useState(true)
  const { did } = repo
  const listKey = `${did} ${collection} ${newestFirst}`
  const paged = usePages<RecordItem>(
    `records ${listKey}`,
    (cairn, offset, limit) => cairn.library.records({ did, collection, offset, limit, newestFirst }),
    aboutRepo(did),
  )
  const name = collectionName(collection)
  const summary = repo.head?.collections.find(({ nsid }) => nsid === collection)
  return (
    <>
      <div className="toolbar">
        <div>
          <Title level={2} tab={`${name} of ${repoName(repo)}`}>
            {name}
          </Title>
          <p className="small">
            <span className="mono">{collection}</span>
            {summary !== undefined &&
              ` · ${plural(summary.records, 'record')} · ${formatBytes(summary.bytes)}`}
          </p>
        </div>
        <div className="line push">
          <label>
            <span className="hidden-text">Collection</span>
            <select
              className="select"
              value={collection}
              onChange={(event) => goTo(collectionHref(did, event.target.value))}
            >
              {(repo.head?.collections ?? []).map(({ nsid }) => (
                <option key={nsid} value={nsid}>
                  {collectionName(nsid)}
                </option>
              ))}
              {summary === undefined && <option value={collection}>{name}</option>}
            </select>
          </label>
          <div className="segments" role="group" aria-label="Order">
            <button type="button" aria-pressed={newestFirst} onClick={() => setNewestFirst(true)}>
              Newest
            </button>
            <button type="button" aria-pressed={!newestFirst} onClick={() => setNewestFirst(false)}>
              Oldest
            </button>
          </div>
        </div>
      </div>
      {paged.error !== undefined && <ErrorNote error={paged.error} />}
      <div className="card">
        {paged.total === 0 ? (
          <Empty title="No records in this collection">Older snapshots may still hold some.</Empty>
        ) : (
          <VirtualFeed
            paged={paged}
            listKey={listKey}
            label={`${name}, ${newestFirst ? 'newest' : 'oldest'} first`}
            rowHeight={110}
            onOpen={(item) => goTo(recordHref(did, item.path))}
            renderRow={(item) => <RecordRow did={did} item={item} />}
            blank={<BlankRow />}
          />
        )}
      </div>
    </>
  )
}

function RecordRow({ did, item }: { readonly did: string; readonly item: RecordItem }) {
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

function BlankRow() {
  return (
    <div className="stack-tight blank-row" aria-hidden="true">
      <span className="blank w25" />
      <span className="blank w90" />
      <span className="blank w60" />
    </div>
  )
}
