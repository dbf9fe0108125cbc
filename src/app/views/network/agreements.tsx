import { useState } from 'react'
import type { Agreement, AgreementState, NetworkStatus } from '../../../cairn/api.ts'
import { Loading } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { peerLabel, useAgreements } from '../../lib/network.ts'
import { useRepoNames } from '../../lib/repo-names.ts'
import { TONE_CLASS, type Tone } from '../../lib/repo-status.ts'
import { agreementSentences, agreementTerms } from '../../words/agreement-states.ts'
import { EndAgreement } from './end-agreement.tsx'
import { OfferDialog } from './offer.tsx'

const ORDER: readonly AgreementState[] = ['incoming', 'active', 'offered', 'ended']

const PILLS: Readonly<Record<AgreementState, readonly [tone: Tone, words: string]>> = {
  incoming: ['behind', 'asks you'],
  active: ['good', 'holds'],
  offered: ['quiet', 'waits for an answer'],
  ended: ['quiet', 'ended'],
}

/** Who has agreed to keep what for whom. */
export function Agreements({ status }: { readonly status: NetworkStatus }) {
  const { value: agreements, error } = useAgreements()
  const [offering, setOffering] = useState(false)
  const sorted = agreements?.toSorted(
    (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || b.createdAt - a.createdAt,
  )
  const open = sorted?.filter(({ state }) => state !== 'ended') ?? []
  const ended = sorted?.filter(({ state }) => state === 'ended') ?? []
  const rows = (list: readonly Agreement[]) => (
    <ul className="rows">
      {list.map((agreement) => (
        <AgreementRow key={`${agreement.peer}/${agreement.id}`} agreement={agreement} status={status} />
      ))}
    </ul>
  )
  return (
    <section className="card" aria-labelledby="net-agreements">
      <div className="part-head with-end">
        <div>
          <h2 id="net-agreements">Agreements</h2>
          <p className="small">
            {open.length === 0
              ? 'Promise each other to keep a copy, and you will both see when one falls behind.'
              : 'Who keeps what for whom.'}
          </p>
        </div>
        <button type="button" className="btn slim" onClick={() => setOffering(true)}>
          Offer one
        </button>
      </div>
      {error !== undefined && agreements === undefined && <ErrorNote error={error} />}
      {agreements === undefined && error === undefined && <Loading label="Reading the agreements" />}
      {open.length > 0 && rows(open)}
      {ended.length > 0 && (
        <details className="ended">
          <summary className="small">Ended ({ended.length})</summary>
          {rows(ended)}
        </details>
      )}
      {offering && <OfferDialog status={status} onClose={() => setOffering(false)} />}
    </section>
  )
}

interface AgreementRowProps {
  readonly agreement: Agreement
  readonly status: NetworkStatus
}

function AgreementRow({ agreement, status }: AgreementRowProps) {
  const nameOf = useRepoNames()
  const action = useAction()
  const [ending, setEnding] = useState(false)
  const { id, peer, state } = agreement
  const who = peerLabel(peer, agreement.name, status.relays)
  const [tone, words] = PILLS[state]
  const end = () => void action.run((cairn) => cairn.network.endAgreement(id, false))
  return (
    <li className="part-row with-end">
      <div className="stack-tight part-words">
        <div className="line">
          <bdi className="strong">{who}</bdi>
          <span className={TONE_CLASS[tone]}>{words}</span>
        </div>
        {agreementSentences(agreement, who, nameOf).map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
        {state !== 'ended' && <p className="small num">{agreementTerms(agreement)}</p>}
        {action.error !== undefined && <ErrorNote error={action.error} />}
      </div>
      <div className="line">
        {state === 'incoming' && (
          <>
            <button
              type="button"
              className="btn slim go"
              disabled={action.running}
              onClick={() => void action.run((cairn) => cairn.network.accept(id))}
            >
              Accept<span className="hidden-text"> what {who} offers</span>
            </button>
            <button type="button" className="btn slim" disabled={action.running} onClick={end}>
              Decline<span className="hidden-text"> what {who} offers</span>
            </button>
          </>
        )}
        {state === 'offered' && (
          <button type="button" className="btn slim" disabled={action.running} onClick={end}>
            Take back<span className="hidden-text"> the offer to {who}</span>
          </button>
        )}
        {state === 'active' && (
          <button type="button" className="btn slim plain danger" onClick={() => setEnding(true)}>
            End<span className="hidden-text"> the agreement with {who}</span>
          </button>
        )}
      </div>
      {ending && (
        <EndAgreement agreement={agreement} who={who} nameOf={nameOf} onClose={() => setEnding(false)} />
      )}
    </li>
  )
}
