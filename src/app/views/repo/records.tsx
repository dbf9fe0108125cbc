import { useState } from 'react'
import type { RecordItem, RepoSummary } from '../../../cairn/api.ts'
import { Empty } from '../../components/bits.tsx'
import { RecordFeed } from '../../components/record-feed.tsx'
import { Title } from '../../components/screen.tsx'
import { OrderChoice, type Order } from '../../components/segments.tsx'
import { collectionName } from '../../lib/collections.ts'
import { formatBytes, plural } from '../../lib/format.ts'
import { goTo } from '../../lib/navigate.ts'
import { usePages } from '../../lib/pages.ts'
import { aboutRepo } from '../../lib/reads.ts'
import { repoName } from '../../lib/repo-status.ts'
import { collectionHref } from '../../lib/routes.ts'
import { useDraftsByPath } from '../../lib/writing.ts'
import { UnsentList } from '../compose/unsent-list.tsx'

interface RecordsProps {
  readonly repo: RepoSummary
  readonly collection: string
}

/** One collection, however long, newest or oldest first. */
export function Records({ repo, collection }: RecordsProps) {
  const [order, setOrder] = useState<Order>('newest')
  const newestFirst = order === 'newest'
  const { did } = repo
  const listKey = `${did} ${collection} ${order}`
  const paged = usePages<RecordItem>(
    `records ${listKey}`,
    (cairn, offset, limit) => cairn.library.records({ did, collection, offset, limit, newestFirst }),
    aboutRepo(did),
  )
  const drafts = useDraftsByPath(did)
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
          <OrderChoice value={order} onChange={setOrder} />
        </div>
      </div>
      <UnsentList drafts={drafts} collection={collection} />
      <RecordFeed
        did={did}
        drafts={drafts}
        paged={paged}
        listKey={listKey}
        label={`${name}, ${order} first`}
        empty={<Empty title="No records in this collection">Older snapshots may still hold some.</Empty>}
      />
    </>
  )
}
