import { useEffect, useId, useState, type FormEvent } from 'react'
import type { Copy, RelayStatus } from '../../../cairn/api.ts'
import type { CairnError } from '../../../core/errors.ts'
import { hasCode } from '../../../core/errors.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction, type Action } from '../../lib/engine-context.ts'
import { siteName } from '../../lib/network.ts'
import { wordsFor } from '../../words.ts'

/** No store takes a longer one, characters. */
const MAX_TOKEN = 512

interface StoresProps {
  readonly did: string
  readonly copies: readonly Copy[]
  readonly relays: readonly RelayStatus[]
}

/** Relays with a store that does not keep it yet. */
export function Stores({ did, copies, relays }: StoresProps) {
  const stores = relays.filter(
    ({ store, state, peer }) =>
      store && state === 'connected' && !copies.some((copy) => copy.peer === peer && copy.rev !== undefined),
  )
  return stores.map((relay) => <StoreRow key={relay.url} did={did} relay={relay} />)
}

function StoreRow({ did, relay }: { readonly did: string; readonly relay: RelayStatus }) {
  const action = useAction()
  // once it has asked for a token, the field stays while another try is under way
  const [asksToken, setAsksToken] = useState(false)
  const name = siteName(relay.url)
  const ask = async (token?: string): Promise<boolean> => {
    let admits = true
    const kept = await action.run(async (cairn) => {
      try {
        await cairn.network.keepAtStore(did, relay.url, ...(token === undefined ? [] : [token]))
      } catch (error) {
        admits = !isTurnedAway(error)
        throw error
      }
    })
    if (kept || !admits) setAsksToken(!kept)
    return kept
  }
  return (
    <li className="part-row with-end">
      <div className="stack-tight part-words">
        <p>
          <bdi className="strong break">{name}</bdi> keeps copies, also while everyone sleeps.
        </p>
        {asksToken && <TokenForm store={name} action={action} ask={ask} />}
        {action.error !== undefined && !isTurnedAway(action.error) && <ErrorNote error={action.error} />}
      </div>
      {!asksToken && (
        <button type="button" className="btn slim" disabled={action.running} onClick={() => void ask()}>
          {action.running ? 'Asking it' : 'Keep at the relay’s store'}
          <span className="hidden-text"> {name}</span>
        </button>
      )}
    </li>
  )
}

/** The store keeps copies only for those who have a token; one that goes by a list has no use for it. */
function isTurnedAway(error: unknown): error is CairnError {
  if (!hasCode(error, 'net.refused') || error.fields['reason'] !== 'store.not-admitted') return false
  return error.fields['why'] !== 'not-listed'
}

interface TokenFormProps {
  readonly store: string
  readonly action: Action
  readonly ask: (token: string) => Promise<boolean>
}

/**
 * Asks for the token of a store, in place. The token stays in this field: it is in no address, no history and no
 * log, and is forgotten when the store has taken it.
 */
function TokenForm({ store, action, ask }: TokenFormProps) {
  const [token, setToken] = useState('')
  const [given, setGiven] = useState(false)
  const [isEmpty, setIsEmpty] = useState(false)
  const id = useId()
  // the button that had the focus has given way to it
  useEffect(() => document.getElementById(id)?.focus(), [id])
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (action.running) return
    const typed = token.trim()
    setIsEmpty(typed === '')
    if (typed !== '') {
      setGiven(true)
      if (await ask(typed)) return
    }
    document.getElementById(id)?.focus()
  }
  const turnedAway = isTurnedAway(action.error)
  const isWrong = given && turnedAway
  const words = wordsFor('store.not-admitted', { tokenGiven: given })
  const said = isEmpty ? 'Enter the token first.' : isWrong ? `${words.title} ${words.next}` : undefined
  return (
    <form className="stack-tight" onSubmit={(event) => void submit(event)} noValidate>
      <p id={`${id}w`} className="small">
        It keeps copies only for those it knows. If whoever runs it gave you a token, enter it; otherwise ask
        them to let you in.
      </p>
      <label htmlFor={id} className="strong">
        Token for <bdi>{store}</bdi>
      </label>
      <div className="line add-line">
        <input
          // without a name it is part of no address, whatever becomes of the form
          id={id}
          className="input mono"
          type="password"
          value={token}
          onChange={(event) => {
            setToken(event.target.value)
            setIsEmpty(false)
          }}
          aria-invalid={said !== undefined}
          aria-describedby={`${id}w ${id}h`}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={MAX_TOKEN}
          dir="ltr"
        />
        <button type="submit" className="btn" disabled={action.running}>
          {action.running ? 'Asking it' : 'Ask again'}
        </button>
      </div>
      <span id={`${id}h`} className={said === undefined ? 'small' : 'problem'} aria-live="polite">
        {said ?? 'It is sent to this store only, and not kept on this device.'}
      </span>
    </form>
  )
}
