import { useState } from 'react'
import type { Account, PublishedAgreement, PublishedState } from '../../../cairn/api.ts'
import { Ago } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { accountName, useAccounts } from '../../lib/accounts.ts'
import { useAction } from '../../lib/engine-context.ts'
import { useConsent, usePublished } from '../../lib/published.ts'
import { TONE_CLASS, type Tone } from '../../lib/repo-status.ts'
import { publishedSentences, toldTrouble, WRITTEN_LATER } from '../../words/published.ts'
import { SignInFor } from '../account/sign-in-for.tsx'
import { EndPublished } from './end-published.tsx'
import { PublishDialog } from './publish.tsx'

const ORDER: readonly PublishedState[] = ['incoming', 'active', 'one-way', 'offered', 'ended']

const PILLS: Readonly<Record<PublishedState, readonly [tone: Tone, words: string]>> = {
  incoming: ['behind', 'asks you'],
  active: ['good', 'holds'],
  'one-way': ['good', 'you keep it'],
  offered: ['quiet', 'waits for an answer'],
  ended: ['quiet', 'ended'],
}

const isReady = ({ state, may }: Account): boolean => state === 'active' && may.includes('agreements')

/** Agreements that both sides have said in public, in their repositories. */
export function Published() {
  const { value: list, error } = usePublished()
  const { value: accounts = [] } = useAccounts()
  const [publishing, setPublishing] = useState(false)
  const ready = accounts.filter(isReady)
  const nameOf = (did: string): string =>
    accountName(accounts.find((it) => it.did === did) ?? { did, handle: undefined })
  const sorted = (list ?? []).toSorted(
    (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || b.createdAt - a.createdAt,
  )
  const rows = (ended: boolean) => {
    const some = sorted.filter(({ state }) => (state === 'ended') === ended)
    return (
      some.length > 0 && (
        <ul className="rows">
          {some.map((agreement) => (
            <PublishedRow
              key={`${agreement.ours} ${agreement.theirs}`}
              agreement={agreement}
              ours={nameOf(agreement.ours)}
            />
          ))}
        </ul>
      )
    )
  }
  const ended = rows(true)
  return (
    <section className="card" aria-labelledby="net-published">
      <div className="part-head with-end">
        <div>
          <h2 id="net-published">Published agreements</h2>
          <p className="small">
            Between accounts, as records in both repositories. Everyone can read who keeps whom, and p2pds
            nodes go by them too.
            {accounts.length === 0 && ' To publish one, sign in to your account under Settings.'}
          </p>
        </div>
        {ready.length > 0 && (
          <button type="button" className="btn slim" onClick={() => setPublishing(true)}>
            Publish one
          </button>
        )}
      </div>
      {error !== undefined && list === undefined && <ErrorNote error={error} />}
      {rows(false)}
      {ended !== false && (
        <details className="ended">
          <summary className="small">Ended</summary>
          {ended}
        </details>
      )}
      {accounts.map((account) =>
        isReady(account) ? (
          <Consent key={account.did} account={account} />
        ) : (
          <div key={account.did} className="part-row">
            <div className="stack-tight">
              <bdi className="strong">{accountName(account)}</bdi>
              <SignInFor did={account.did} need="agreements" />
            </div>
          </div>
        ),
      )}
      {publishing && <PublishDialog accounts={ready} onClose={() => setPublishing(false)} />}
    </section>
  )
}

function PublishedRow({
  agreement,
  ours,
}: {
  readonly agreement: PublishedAgreement
  readonly ours: string
}) {
  const action = useAction()
  const [ending, setEnding] = useState(false)
  const { theirs, handle, state, readAt, error } = agreement
  const who = accountName({ did: theirs, handle })
  const [tone, words] = PILLS[state]
  const trouble = action.error ?? toldTrouble(error)
  const end = () => void action.run((cairn) => cairn.network.endPublished(agreement.ours, theirs, false))
  return (
    <li className="part-row with-end">
      <div className="stack-tight part-words">
        <div className="line">
          <bdi className="strong break">{who}</bdi>
          <span className={TONE_CLASS[tone]}>{words}</span>
        </div>
        {publishedSentences(agreement, who, ours).map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
        {readAt !== undefined && state !== 'ended' && (
          <p className="small">
            Looked at <Ago at={readAt} />
          </p>
        )}
        {trouble !== undefined && <ErrorNote error={trouble} />}
      </div>
      <div className="line">
        {state === 'incoming' && (
          <button
            type="button"
            className="btn slim go"
            disabled={action.running}
            onClick={() =>
              void action.run(async (cairn) => {
                await cairn.network.publish({ ours: agreement.ours, theirs })
              })
            }
          >
            Accept<span className="hidden-text"> what {who} offers</span>
          </button>
        )}
        {(state === 'incoming' || state === 'offered') && (
          <button type="button" className="btn slim" disabled={action.running} onClick={end}>
            {state === 'incoming' ? 'Decline' : 'Take back'}
            <span className="hidden-text">
              {state === 'incoming' ? ` what ${who} offers` : ` the offer to ${who}`}
            </span>
          </button>
        )}
        {(state === 'active' || state === 'one-way') && (
          <button type="button" className="btn slim plain danger" onClick={() => setEnding(true)}>
            End<span className="hidden-text"> what was published with {who}</span>
          </button>
        )}
      </div>
      {ending && <EndPublished agreement={agreement} who={who} onClose={() => setEnding(false)} />}
    </li>
  )
}

function Consent({ account }: { readonly account: Account }) {
  const { did } = account
  const { value } = useConsent(did)
  const { consents, waiting = false } = value ?? {}
  const action = useAction()
  const trouble = action.error ?? toldTrouble(value?.error)
  return (
    <div className="part-row">
      <div className="stack-tight">
        <label className="check">
          <input
            type="checkbox"
            checked={consents ?? false}
            disabled={consents === undefined || action.running}
            onChange={(event) =>
              void action.run((cairn) => cairn.network.setConsent(did, event.target.checked))
            }
          />
          <span>
            Let anyone keep a copy of <bdi>{accountName(account)}</bdi>
            <span className="small block">
              Says in public that nobody needs to ask. It can be taken back; whoever keeps one by then may ask
              nobody either.
            </span>
          </span>
        </label>
        {waiting && <p>{WRITTEN_LATER}</p>}
        {trouble !== undefined && <ErrorNote error={trouble} />}
      </div>
    </div>
  )
}
