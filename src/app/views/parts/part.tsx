import { useState } from 'react'
import type { PartialCopy, RecordItem } from '../../../cairn/api.ts'
import { Empty, Id, Loading } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { FailedJob } from '../../components/job-progress.tsx'
import { RecordFeed } from '../../components/record-feed.tsx'
import { Title } from '../../components/screen.tsx'
import { OrderChoice, type Order } from '../../components/segments.tsx'
import { collectionName } from '../../lib/collections.ts'
import { useDismissJob } from '../../lib/jobs.ts'
import { goTo } from '../../lib/navigate.ts'
import { usePages } from '../../lib/pages.ts'
import {
  partOwner,
  partStatus,
  partTitle,
  usePartials,
  usePartJobs,
  type PartJobs,
  type PartName,
} from '../../lib/partials.ts'
import { aboutRepo } from '../../lib/reads.ts'
import { TONE_CLASS } from '../../lib/repo-status.ts'
import { repoHref } from '../../lib/routes.ts'
import '../../styles/network.css'
import '../../styles/parts.css'
import { NotKept } from './not-kept.tsx'
import { PartActions } from './part-actions.tsx'
import { PartState } from './part-state.tsx'
import { PartRecord } from './part-record.tsx'

interface PartScreenProps {
  readonly did: string
  readonly collection: string
  readonly rkey: string | undefined
}

/** A collection that is kept without the rest of its repo: how it stands, and its records to be read. */
export function PartScreen({ did, collection, rkey }: PartScreenProps) {
  const { value: parts, error } = usePartials()
  const jobs = usePartJobs({ did, collection })
  if (parts === undefined) return error === undefined ? <Loading /> : <ErrorNote error={error} />
  const part = parts.find((each) => each.did === did && each.collection === collection)
  if (part === undefined && jobs.active === undefined && jobs.failed === undefined)
    return <NotKept did={did} collection={collection} />
  if (part !== undefined && rkey !== undefined)
    return <PartRecord key={rkey} part={part} path={`${collection}/${rkey}`} />
  return (
    <>
      <PartHead name={part ?? { did, collection }} part={part} jobs={jobs} />
      {part?.whole === true && <Records part={part} />}
    </>
  )
}

interface PartHeadProps {
  readonly name: PartName
  readonly part: PartialCopy | undefined
  readonly jobs: PartJobs
}

function PartHead({ name, part, jobs: { active, failed } }: PartHeadProps) {
  const { did, collection } = name
  const dismiss = useDismissJob()
  const title = partTitle(name)
  const status = partStatus(part, active)
  return (
    <>
      <div className="head">
        <div className="grow">
          <Title tab={title}>{collectionName(collection)}</Title>
          <p className="small">
            A part of{' '}
            <a href={repoHref(did)}>
              <bdi>{partOwner(name)}</bdi>
            </a>
            : {collectionName(collection).toLowerCase()}. Not a backup.
          </p>
          <Id value={did} what="DID" />
        </div>
      </div>
      <section className="card pad with-end part-card" aria-label="How this part stands">
        <div className="stack-tight part-words">
          <div className="line">
            <span className={TONE_CLASS[status.tone]}>{status.short}</span>
            <span className="small mono break">{collection}</span>
          </div>
          <PartState name={name} part={part} job={active} />
          {active !== undefined && part?.whole !== true && (
            <p className="small">Records can be read here as soon as all of them have come and are proven.</p>
          )}
        </div>
        {part !== undefined && <PartActions part={part} job={active} onDeleted={() => goTo('/')} />}
        {failed !== undefined && (
          <div className="head-problem">
            <FailedJob job={failed} onDismiss={() => dismiss(failed.id)} />
          </div>
        )}
      </section>
    </>
  )
}

function Records({ part }: { readonly part: PartialCopy }) {
  const [order, setOrder] = useState<Order>('newest')
  const newestFirst = order === 'newest'
  const { did, collection } = part
  const listKey = `part ${did} ${collection} ${order}`
  const paged = usePages<RecordItem>(
    listKey,
    (cairn, offset, limit) => cairn.library.readPartial({ did, collection, offset, limit, newestFirst }),
    aboutRepo(did),
  )
  return (
    <>
      <div className="toolbar">
        <h2>Records</h2>
        <OrderChoice className="push" value={order} onChange={setOrder} />
      </div>
      <RecordFeed
        did={did}
        paged={paged}
        listKey={listKey}
        label={`${partTitle(part)}, ${order} first`}
        empty={
          <Empty title="No records in this collection">
            It is proven that there are none. New ones are kept here as soon as someone who has them is met.
          </Empty>
        }
      />
    </>
  )
}
