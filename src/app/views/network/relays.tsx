import { useId, useState, type FormEvent } from 'react'
import type { RelayState, RelayStatus } from '../../../cairn/api.ts'
import { Confirm } from '../../components/confirm.tsx'
import { Countdown } from '../../components/countdown.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { formatNumber } from '../../lib/format.ts'
import { siteName } from '../../lib/network.ts'
import { TONE_CLASS, type Tone } from '../../lib/repo-status.ts'
import { wordsFor } from '../../words.ts'

const STATES: Readonly<Record<RelayState, readonly [tone: Tone, words: string]>> = {
  connecting: ['quiet', 'connecting'],
  connected: ['good', 'connected'],
  unreachable: ['behind', 'not reachable'],
  refused: ['bad', 'says no'],
}

/** The servers through which others reach this device, and how to add one. */
export function Relays({ relays }: { readonly relays: readonly RelayStatus[] }) {
  const [removing, setRemoving] = useState<RelayStatus>()
  const removal = useAction()
  return (
    <section className="card" aria-labelledby="net-relays">
      <div className="part-head">
        <h2 id="net-relays">Relays</h2>
        <p className="small">Servers through which devices find and reach each other.</p>
      </div>
      <ul className="rows">
        {relays.map((relay) => (
          <RelayRow key={relay.url} relay={relay} onRemove={() => setRemoving(relay)} />
        ))}
        <li className="part-row">
          <AddRelay />
        </li>
      </ul>
      {removing !== undefined && (
        <Confirm
          title={`Remove ${siteName(removing.url)}?`}
          confirm="Remove it"
          busy={removal.running}
          error={removal.error}
          onClose={() => {
            setRemoving(undefined)
            removal.clear()
          }}
          onConfirm={() =>
            void removal
              .run((cairn) => cairn.network.removeRelay(removing.url))
              .then((done) => done && setRemoving(undefined))
          }
        >
          <p>Devices that know only this relay will not find yours any more.</p>
          <p className="small">
            {removing.store ? 'Copies in its store stay there. ' : ''}
            Nothing on this device is deleted, and it can be added again.
          </p>
        </Confirm>
      )}
    </section>
  )
}

interface RelayRowProps {
  readonly relay: RelayStatus
  readonly onRemove: () => void
}

function RelayRow({ relay, onRemove }: RelayRowProps) {
  const { url, state, own, store, latency, error, nextTryAt } = relay
  const [tone, words] = STATES[state]
  const name = siteName(url)
  const facts = [
    own ? 'served this page' : undefined,
    latency === undefined ? undefined : `${formatNumber(Math.max(1, latency))} ms`,
    state === 'connected' ? (store ? 'keeps copies' : 'keeps no copies') : undefined,
  ].filter((fact) => fact !== undefined)
  const why = error === undefined || state === 'connected' ? undefined : wordsFor(error.code, error.fields)
  return (
    <li className="part-row with-end">
      <div className="stack-tight part-words">
        <div className="line">
          <bdi className="strong break">{name}</bdi>
          <span className={TONE_CLASS[tone]}>{words}</span>
          {facts.length > 0 && <span className="small num">{facts.join(' · ')}</span>}
        </div>
        {why !== undefined && (
          <p className="small">
            {why.title} {why.next}
          </p>
        )}
        {state !== 'connected' && nextTryAt !== undefined && (
          <p className="small">
            Next try <Countdown at={nextTryAt} />.
          </p>
        )}
      </div>
      {!own && (
        <button type="button" className="btn slim plain danger" onClick={onRemove}>
          Remove<span className="hidden-text"> the relay {name}</span>
        </button>
      )}
    </li>
  )
}

function AddRelay() {
  const [text, setText] = useState('')
  const [problem, setProblem] = useState<string>()
  const action = useAction()
  const id = useId()
  const refuse = (sentence: string) => {
    setProblem(sentence)
    document.getElementById(id)?.focus()
  }
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    action.clear()
    const typed = text.trim()
    const url = /^[a-z]+:\/\//i.test(typed) ? typed : `https://${typed}`
    if (typed === '') return refuse('Enter the web address of a relay.')
    if (!URL.canParse(url) || !/^https?:/.test(url))
      return refuse('That is not a web address. It starts with https://')
    setProblem(undefined)
    if (await action.run((cairn) => cairn.network.addRelay(url))) setText('')
    return undefined
  }
  const words = action.error === undefined ? undefined : wordsFor(action.error.code, action.error.fields)
  // what the address was found to be belongs at the field; anything else is a failure like others
  const said =
    problem ?? (action.error?.code.startsWith('net.') ? `${words?.title} ${words?.next}` : undefined)
  return (
    <form className="stack-tight part-words" onSubmit={(event) => void submit(event)} noValidate>
      <label htmlFor={id} className="strong">
        Add a relay
      </label>
      <div className="line add-line">
        <input
          id={id}
          className="input"
          type="url"
          inputMode="url"
          placeholder="https://relay.example.org"
          value={text}
          onChange={(event) => setText(event.target.value)}
          aria-invalid={said !== undefined}
          aria-describedby={`${id}h`}
          autoCapitalize="none"
          autoComplete="off"
          spellCheck={false}
          maxLength={300}
          dir="ltr"
        />
        <button type="submit" className="btn" disabled={action.running}>
          {action.running ? 'Asking it' : 'Add'}
        </button>
      </div>
      <span id={`${id}h`} className={said === undefined ? 'small' : 'problem'} aria-live="polite">
        {said ?? 'By its web address, the one that its Cairn opens at.'}
      </span>
      {action.error !== undefined && said === undefined && <ErrorNote error={action.error} />}
    </form>
  )
}
