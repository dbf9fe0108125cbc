import { useState } from 'react'
import type { BlobState } from '../../../cairn/api.ts'
import { Empty, Loading } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { Pager } from '../../components/pager.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { formatBytes, formatNumber, plural } from '../../lib/format.ts'
import { useJobOf } from '../../lib/jobs.ts'
import { useLive } from '../../lib/live.ts'
import { aboutRepo } from '../../lib/reads.ts'
import '../../styles/record.css'
import type { RepoTabProps } from './tab-props.ts'
import { BlobCard, BLOB_STATE } from './blob-card.tsx'

/** A page of previews decodes without a hitch on a phone. */
const PER_PAGE = 24

/** Images, video and other files that records refer to. */
export function Blobs({ repo }: RepoTabProps) {
  const { did } = repo
  const [state, setState] = useState<BlobState | ''>('')
  const [page, setPage] = useState(0)
  const action = useAction()
  const job = useJobOf(did)
  const { value, error } = useLive(
    `blobs ${did} ${state} ${page}`,
    (cairn) =>
      cairn.library.blobs(did, {
        offset: page * PER_PAGE,
        limit: PER_PAGE,
        ...(state === '' ? {} : { state }),
      }),
    aboutRepo(did),
  )
  const counts = value?.counts ?? repo.blobs
  const open = counts.referenced - counts.kept - counts.skipped
  return (
    <>
      <div className="toolbar">
        <div>
          <h2>Blobs</h2>
          <p className="small num">
            {`${formatNumber(counts.kept)} of ${plural(counts.referenced, 'blob')} kept, ${formatBytes(counts.keptBytes)}`}
            {counts.missing > 0 && `, ${formatNumber(counts.missing)} missing`}
            {counts.skipped > 0 && `, ${formatNumber(counts.skipped)} skipped`}
          </p>
        </div>
        <div className="line push">
          <label>
            <span className="hidden-text">Show</span>
            <select
              className="select"
              value={state}
              onChange={(event) => {
                setPage(0)
                // the options below are the states, and ''
                setState(event.target.value as BlobState | '')
              }}
            >
              <option value="">All</option>
              {Object.entries(BLOB_STATE).map(([name, { words }]) => (
                <option key={name} value={name}>
                  {words.charAt(0).toUpperCase() + words.slice(1)}
                </option>
              ))}
            </select>
          </label>
          {open > 0 && (
            <button
              type="button"
              className="btn"
              disabled={action.running || job !== undefined}
              onClick={() => void action.run((cairn) => cairn.library.fetchBlobs(did))}
            >
              Fetch {plural(open, 'blob')}
            </button>
          )}
        </div>
      </div>
      {(error ?? action.error) !== undefined && (
        <ErrorNote error={error ?? action.error ?? { code: '', fields: {} }} />
      )}
      {value === undefined ? (
        error === undefined && <Loading />
      ) : value.items.length === 0 ? (
        <div className="card">
          <Empty title={state === '' ? 'No blobs' : 'None of these'}>
            {state === ''
              ? 'No record of this repository refers to an image or another file.'
              : 'Choose “All” to see every blob.'}
          </Empty>
        </div>
      ) : (
        <>
          <ul className="blob-grid">
            {value.items.map((blob) => (
              <li key={blob.cid}>
                <BlobCard did={did} blob={blob} />
              </li>
            ))}
          </ul>
          <Pager page={page} pages={Math.ceil(value.total / PER_PAGE)} onPage={setPage} what="blobs" />
        </>
      )}
    </>
  )
}
