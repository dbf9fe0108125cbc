import { ChevronLeft, ChevronRight } from 'lucide-react'
import { useEffect, useState, type ReactNode } from 'react'
import type { RecordDetail, RepoSummary } from '../../../cairn/api.ts'
import { Json } from '../../cards/json.tsx'
import { RecordCard } from '../../cards/record-card.tsx'
import { Id, Loading } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { Title } from '../../components/screen.tsx'
import { ShapeChoice, type Shape } from '../../components/segments.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { collectionName, singular } from '../../lib/collections.ts'
import { downloadBytes } from '../../lib/download.ts'
import { formatDayTime, formatNumber } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { goTo } from '../../lib/navigate.ts'
import { findNeighbours } from '../../lib/neighbours.ts'
import { aboutRepo } from '../../lib/reads.ts'
import { repoName } from '../../lib/repo-status.ts'
import { collectionHref, recordHref } from '../../lib/routes.ts'
import { useSearchParam } from '../../lib/use-search-param.ts'
import { useDraftsByPath } from '../../lib/writing.ts'
import '../../styles/record.css'
import { DraftCard } from '../compose/draft-card.tsx'
import { RecordActions } from '../compose/record-actions.tsx'
import '../../styles/writing.css'
import { BlobCard } from './blob-card.tsx'
import { ProofCard } from './proof-card.tsx'
import { VersionsCard } from './versions-card.tsx'

interface RecordProps {
  readonly repo: RepoSummary
  readonly path: string
}

/** One record: what it says, how it is proven, and what it said before. */
export function RecordScreen({ repo, path }: RecordProps) {
  const snapshot = useSearchParam('snapshot')
  const { did } = repo
  const [shape, setShape] = useState<Shape>('card')
  const { value, error } = useLive(
    `record ${did} ${path} ${snapshot}`,
    (cairn) => cairn.library.record(did, path, snapshot),
    aboutRepo(did),
  )
  // one that is shown from before, and has been deleted since
  const record = error?.code === 'sync.no-such-record' ? undefined : value
  const older = snapshot !== undefined && snapshot !== repo.head?.id
  const newest = useNewestCid(did, path, older)
  const draft = useDraftsByPath(did).get(path)
  const [collection = '', rkey = ''] = path.split('/')
  const name = collectionName(collection)
  return (
    <>
      <div className="toolbar">
        <div className="record-title">
          <Title level={2} tab={`${name}: ${rkey} of ${repoName(repo)}`}>
            {singular(name)}
          </Title>
          <p className="small">
            <a href={collectionHref(did, collection)}>{name}</a> · <bdi className="mono">{rkey}</bdi>
          </p>
        </div>
        <div className="line push">
          <ShapeChoice value={shape} onChange={setShape} />
          <Walk did={did} path={path} snapshot={snapshot} />
        </div>
      </div>
      {error !== undefined && record === undefined && draft !== undefined ? (
        <DraftCard draft={draft} onPage />
      ) : error !== undefined && record === undefined ? (
        <div className="columns">
          <ErrorNote error={error}>
            <a className="btn slim" href={collectionHref(did, collection)}>
              Back to {name}
            </a>
          </ErrorNote>
          <div className="aside">
            <VersionsCard did={did} path={path} shown={undefined} />
          </div>
        </div>
      ) : record === undefined ? (
        <Loading label="Reading and proving the record" />
      ) : (
        <div className="columns">
          <div className="stack">
            {older && (
              <p className="note behind">
                This is how it was in the snapshot of {formatDayTime(record.snapshot.takenAt)}.{' '}
                <a href={recordHref(did, path)}>See it in the newest one</a>
              </p>
            )}
            {draft !== undefined && <DraftCard draft={draft} onPage />}
            <div className="card pad">
              {shape === 'json' ? (
                <Json value={record.value} />
              ) : (
                <RecordCard did={did} collection={record.collection} value={record.value} />
              )}
            </div>
            {record.blobs.map((blob) => (
              <BlobCard key={blob.cid} did={did} blob={blob} />
            ))}
          </div>
          <div className="aside">
            <RecordActions record={record} older={older} newest={newest} draft={draft} />
            <ProofCard record={record} />
            <ProofDownload record={record} snapshot={snapshot} />
            <VersionsCard did={did} path={path} shown={record.cid} />
          </div>
        </div>
      )}
    </>
  )
}

/** What the newest snapshot holds there, for one that is shown from an older one; null: nothing. */
function useNewestCid(did: string, path: string, wanted: boolean): string | null | undefined {
  const { value } = useLive(
    `newest ${did} ${path} ${wanted}`,
    async (cairn) => {
      if (!wanted) return undefined
      const versions = await cairn.library.versions(did, path)
      return versions.find(({ inHead }) => inHead)?.cid ?? null
    },
    aboutRepo(did),
  )
  return value
}

interface WalkProps {
  readonly did: string
  readonly path: string
  readonly snapshot: string | undefined
}

/** To the record before and after this one in its collection, also by the arrow keys. */
function Walk({ did, path, snapshot }: WalkProps) {
  const { value } = useLive(
    `neighbours ${did} ${path} ${snapshot}`,
    async (cairn) => (await findNeighbours(cairn, did, path, snapshot)) ?? null,
    aboutRepo(did),
  )
  const newer = value?.newer
  const older = value?.older
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
      if (event.target instanceof Element && event.target.closest('input, select, textarea, dialog') !== null)
        return
      const forward =
        getComputedStyle(document.documentElement).direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight'
      const to =
        event.key === forward
          ? older
          : event.key === 'ArrowLeft' || event.key === 'ArrowRight'
            ? newer
            : undefined
      if (to !== undefined) goTo(recordHref(did, to, snapshot))
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  }, [did, snapshot, newer, older])
  const step = (to: string | undefined, label: string, icon: ReactNode) =>
    to === undefined ? (
      <span className="icon-btn off" aria-hidden="true">
        {icon}
      </span>
    ) : (
      <a className="icon-btn" href={recordHref(did, to, snapshot)} aria-label={label}>
        {icon}
      </a>
    )
  return (
    <nav className="walk" aria-label="Neighbouring records">
      {step(newer, 'Newer record', <ChevronLeft size={20} className="flip" />)}
      <span className="small num">
        {value === undefined || value === null
          ? ''
          : `${formatNumber(value.position + 1)} of ${formatNumber(value.total)}`}
      </span>
      {step(older, 'Older record', <ChevronRight size={20} className="flip" />)}
    </nav>
  )
}

function ProofDownload({
  record,
  snapshot,
}: {
  readonly record: RecordDetail
  readonly snapshot: string | undefined
}) {
  const action = useAction()
  const download = () =>
    action.run(async (cairn) => {
      const car = await cairn.library.proofCar(record.did, record.path, snapshot)
      downloadBytes(new Uint8Array(car), `${record.collection}-${record.rkey}.proof.car`)
    })
  return (
    <section className="card">
      <h2>Take it along</h2>
      <p className="small">
        A small CAR file with the commit, the path and this record: anyone can check it without asking
        anybody.
      </p>
      <div className="line card-actions">
        <button type="button" className="btn slim" disabled={action.running} onClick={() => void download()}>
          Download the proof
        </button>
      </div>
      <dl className="kv small card-actions">
        <dt>Address</dt>
        <dd>
          <Id value={record.uri} what="address" head={8} tail={8} />
        </dd>
      </dl>
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </section>
  )
}
