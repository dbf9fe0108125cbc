import type { NetworkStatus, TransferStatus } from '../../../cairn/api.ts'
import { formatBytes, formatDuration } from '../../lib/format.ts'
import { labelOf } from '../../lib/network.ts'
import { useRepoNames } from '../../lib/repo-names.ts'

const WHAT: Readonly<Record<TransferStatus['what'], string>> = {
  repo: 'all of it',
  changes: 'what changed',
  blobs: 'blobs',
}

/** What moves between this device and others now. */
export function Transfers({ status }: { readonly status: NetworkStatus }) {
  const nameOf = useRepoNames()
  return (
    <section className="card" aria-labelledby="net-moving">
      <div className="part-head">
        <h2 id="net-moving">Moving now</h2>
      </div>
      <ul className="rows">
        {status.transfers.map((transfer) => (
          <TransferRow
            key={transfer.id}
            transfer={transfer}
            name={nameOf(transfer.did)}
            peer={
              transfer.peer === undefined || transfer.peer === '' ? undefined : labelOf(transfer.peer, status)
            }
          />
        ))}
      </ul>
    </section>
  )
}

interface TransferRowProps {
  readonly transfer: TransferStatus
  readonly name: string
  readonly peer: string | undefined
}

function TransferRow({ transfer, name, peer }: TransferRowProps) {
  const { direction, what, bytes, totalBytes, rate, timeLeft } = transfer
  const share = totalBytes === undefined || totalBytes <= 0 ? undefined : Math.min(1, bytes / totalBytes)
  const isIn = direction === 'in'
  const numbers = [
    totalBytes === undefined ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`,
    rate > 0 ? `${formatBytes(rate)}/s` : undefined,
    timeLeft === undefined ? undefined : `${formatDuration(timeLeft)} left`,
  ].filter((part) => part !== undefined)
  return (
    <li className="part-row">
      <div className="part-words">
        <div className="line">
          <span className="pill quiet">{isIn ? 'coming in' : 'going out'}</span>
          <bdi className="strong">{name}</bdi>
          <span className="small">
            {WHAT[what]}, {isIn ? 'from' : 'to'} <bdi>{peer ?? 'another copy'}</bdi>
          </span>
        </div>
        <div
          className={share === undefined ? 'bar unknown' : 'bar'}
          role="progressbar"
          aria-label={`${name}, ${isIn ? 'coming in' : 'going out'}`}
          aria-valuetext={numbers.join(', ')}
          {...(share === undefined
            ? {}
            : { 'aria-valuenow': Math.round(share * 100), 'aria-valuemin': 0, 'aria-valuemax': 100 })}
        >
          <i style={share === undefined ? {} : { inlineSize: `${(share * 100).toFixed(1)}%` }} />
        </div>
        <div className="small num">{numbers.join(', ')}</div>
      </div>
    </li>
  )
}
