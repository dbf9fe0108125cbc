import { useState } from 'react'
import type { Copy, NetworkStatus, RepoSummary } from '../../../cairn/api.ts'
import { Ago } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { PeerName } from '../../components/peer-name.tsx'
import { Stones } from '../../components/stones.tsx'
import { copyState, lastAnswer, summarize } from '../../lib/copies.ts'
import { useAction } from '../../lib/engine-context.ts'
import { formatDuration, formatNumber } from '../../lib/format.ts'
import { peerLabel, useCopies, useListed, useNetwork } from '../../lib/network.ts'
import { TONE_CLASS } from '../../lib/repo-status.ts'
import '../../styles/network.css'
import { wordsFor } from '../../words.ts'
import { ShareDialog } from './share.tsx'
import { Stores } from './stores.tsx'

/** Every copy that is known, each with what it last said and proved; and how others get to keep one. */
export function Copies({ repo }: { readonly repo: RepoSummary }) {
  const { did } = repo
  const { value: known, error } = useCopies(did)
  const { value: status } = useNetwork()
  const [sharing, setSharing] = useState(false)
  const asking = useAction()
  const copies = known ?? []
  const { stones, title } = summarize(copies)
  const answered = lastAnswer(copies)
  const on = status !== undefined && status.role !== 'off'
  return (
    <section className="card" aria-labelledby="copies-title">
      <div className="part-head with-end">
        <div className="copies">
          <Stones size={52} stones={copies.length === 0 ? ['current'] : stones} settling={asking.running} />
          <div>
            <h2 id="copies-title">{copies.length === 0 ? '1 copy, on this device' : title}</h2>
            <p className="small" role="status">
              {asking.running ? (
                'Asking everyone who is known to keep one.'
              ) : answered === undefined ? (
                'Nobody else is known to keep one yet.'
              ) : (
                <>
                  Last answered <Ago at={answered} />.
                </>
              )}
            </p>
          </div>
        </div>
        <div className="line">
          {on && (
            <button
              type="button"
              className="btn slim"
              disabled={asking.running}
              onClick={() => void asking.run((cairn) => cairn.network.copies(did, { fresh: true }))}
            >
              {asking.running ? 'Asking' : 'Ask now'}
            </button>
          )}
          <button type="button" className="btn slim" onClick={() => setSharing(true)}>
            Ask someone to keep a copy
          </button>
        </div>
      </div>
      {(asking.error ?? error) !== undefined && on && (
        <ErrorNote error={asking.error ?? error ?? { code: '', fields: {} }} />
      )}
      <ul className="rows">
        {status?.role === 'off' && (
          <li className="part-row small">
            <p>
              The network is off, so nobody is asked and nobody can ask. <a href="/network">Turn it on</a> to
              see how copies elsewhere stand.
            </p>
          </li>
        )}
        {copies.map((copy) => (
          <CopyRow key={copy.peer} copy={copy} copies={copies} status={status} />
        ))}
        {on && <Stores did={did} copies={copies} relays={status.relays} />}
        {on && (
          <li className="part-row">
            <Listed did={did} />
          </li>
        )}
      </ul>
      {sharing && <ShareDialog repo={repo} onClose={() => setSharing(false)} />}
    </section>
  )
}

interface CopyRowProps {
  readonly copy: Copy
  readonly copies: readonly Copy[]
  readonly status: NetworkStatus | undefined
}

function CopyRow({ copy, copies, status }: CopyRowProps) {
  const { did, peer, kind, answeredAt, online } = copy
  const action = useAction()
  const label = peerLabel(peer, copy.name, status?.relays)
  const { tone, words } = copyState(copy, copies)
  const isOurs = kind === 'self'
  const isOn = status !== undefined && status.role !== 'off'
  return (
    <li className="part-row with-end">
      <div className="stack-tight part-words">
        <div className="line">
          {isOurs || !isOn ? (
            <bdi className="strong break">{isOurs ? 'This device' : label}</bdi>
          ) : (
            <PeerName peer={peer} name={copy.name} label={label} />
          )}
          <span className={TONE_CLASS[tone]}>{words}</span>
          {!isOurs && isOn && <span className="small">{online ? 'online now' : 'not online'}</span>}
        </div>
        <p className="small">
          {isOurs ? 'proven ' : answeredAt === undefined ? 'has not answered yet' : 'answered '}
          {answeredAt !== undefined && <Ago at={answeredAt} />}
          {kind === 'store' && ' · the store of a relay'}
        </p>
        <Challenged copy={copy} />
        {action.error !== undefined && <ErrorNote error={action.error} />}
      </div>
      {!isOurs && isOn && (
        <button
          type="button"
          className="btn slim"
          disabled={action.running}
          onClick={() => void action.run((cairn) => cairn.network.challenge(did, peer))}
        >
          {action.running ? 'Challenging' : 'Challenge'}
          <span className="hidden-text"> the copy of {label}</span>
        </button>
      )}
    </li>
  )
}

/** What the last challenge showed. Another could have answered for it, so it shows an answer and no more. */
function Challenged({ copy: { challenge } }: { readonly copy: Copy }) {
  if (challenge === undefined) return null
  if (challenge.ok) {
    return (
      <p className="small">
        <span className="good-word">Answers now</span>: proved records of it in{' '}
        {challenge.ms < 1_000
          ? `${formatNumber(Math.max(1, challenge.ms))} ms`
          : formatDuration(challenge.ms / 1_000)}
        , <Ago at={challenge.at} />.
      </p>
    )
  }
  const { title, next } = wordsFor(challenge.code)
  return (
    <p className="small">
      {challenge.code === 'sync.challenge-failed' ? '' : `${title} `}Challenged <Ago at={challenge.at} />.{' '}
      {next}
    </p>
  )
}

/** Whether others are told that this device keeps it. */
function Listed({ did }: { readonly did: string }) {
  const { value: listed } = useListed(did)
  const action = useAction()
  return (
    <div className="stack-tight part-words">
      <label className="check">
        <input
          type="checkbox"
          checked={listed ?? true}
          disabled={listed === undefined || action.running}
          onChange={(event) => void action.run((cairn) => cairn.network.setListed(did, event.target.checked))}
        />
        <span>
          List this copy
          <span className="small block">
            {listed === false
              ? 'Unlisted: it is not announced, and only those you have an agreement with can take it from you.'
              : 'Listed: it is announced, so anyone who looks for this repository can see that this device keeps it, and take a copy.'}
          </span>
        </span>
      </label>
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </div>
  )
}
