import { useState } from 'react'
import type { RecordItem, RepoSummary } from '../../../cairn/api.ts'
import { Empty } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { BlankRecordRow, RecordRow } from '../../components/record-row.tsx'
import { Title } from '../../components/screen.tsx'
import { VirtualFeed } from '../../components/virtual-feed.tsx'
import { collectionName } from '../../lib/collections.ts'
import { formatBytes, plural } from '../../lib/format.ts'
import { goTo } from '../../lib/navigate.ts'
import { usePages } from '../../lib/pages.ts'
import { aboutRepo } from '../../lib/reads.ts'
import { repoName } from '../../lib/repo-status.ts'
import { collectionHref, recordHref } from '../../lib/routes.ts'

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
            blank={<BlankRecordRow />}
          />
        )}
      </div>
    </>
  )
}
