import { useState } from 'react'
import type { Change, SnapshotSummary } from '../../../cairn/api.ts'
import { Loading } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { Pager } from '../../components/pager.tsx'
import { collectionName } from '../../lib/collections.ts'
import { formatDayTime, formatNumber } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { recordHref } from '../../lib/routes.ts'

const PER_PAGE = 50

const PILL: Readonly<Record<Change['type'], string>> = {
  added: 'pill',
  changed: 'pill quiet',
  deleted: 'pill bad',
}

interface Pair {
  readonly from: string
  readonly to: string
}

interface ChangesProps {
  readonly did: string
  readonly snapshots: readonly SnapshotSummary[]
  readonly pair: Pair
  readonly onPick: (pair: Pair) => void
}

/** What is different between two snapshots, in path order. */
export function Changes({ did, snapshots, pair, onPick }: ChangesProps) {
  const key = `${pair.from} ${pair.to}`
  const [place, setPlace] = useState({ key, page: 0 })
  const page = place.key === key ? place.page : 0
  const { value, error } = useLive(`changes ${did} ${key} ${page}`, (cairn) =>
    cairn.library.changes(did, pair.from, pair.to, { offset: page * PER_PAGE, limit: PER_PAGE }),
  )
  const total = value === undefined ? 0 : value.added + value.changed + value.deleted
  const options = snapshots.map((snapshot) => (
    <option key={snapshot.id} value={snapshot.id}>
      {formatDayTime(snapshot.takenAt)}
    </option>
  ))
  return (
    <section className="card" aria-label="What changed">
      <div className="changes-head">
        <h2>What changed</h2>
        <div className="line">
          <label className="line small">
            from
            <select
              className="select"
              value={pair.from}
              onChange={(event) => onPick({ ...pair, from: event.target.value })}
            >
              {options}
            </select>
          </label>
          <label className="line small">
            to
            <select
              className="select"
              value={pair.to}
              onChange={(event) => onPick({ ...pair, to: event.target.value })}
            >
              {options}
            </select>
          </label>
        </div>
        {value !== undefined && (
          <p className="small num">
            {total === 0
              ? 'Nothing: the two are the same.'
              : `${formatNumber(value.added)} added, ${formatNumber(value.changed)} changed, ${formatNumber(value.deleted)} deleted.`}
          </p>
        )}
      </div>
      {error !== undefined && <ErrorNote error={error} />}
      {value === undefined ? (
        error === undefined && <Loading label="Comparing" />
      ) : (
        <ul className="rows change-list">
          {value.items.map((change) => (
            <li key={change.path} className="change">
              <span className={PILL[change.type]}>{change.type}</span>
              <a
                className="change-path"
                href={recordHref(did, change.path, change.type === 'deleted' ? pair.from : pair.to)}
              >
                {collectionName(change.path.split('/')[0] ?? '')}{' '}
                <bdi className="mono faint">{change.path.split('/')[1]}</bdi>
              </a>
              {change.type === 'changed' && (
                <a className="small" href={recordHref(did, change.path, pair.from)}>
                  before<span className="hidden-text"> the change</span>
                </a>
              )}
            </li>
          ))}
        </ul>
      )}
      {total > PER_PAGE && (
        <div className="changes-foot">
          <Pager
            page={page}
            pages={Math.ceil(total / PER_PAGE)}
            onPage={(to) => setPlace({ key, page: to })}
            what="changes"
          />
        </div>
      )}
    </section>
  )
}
