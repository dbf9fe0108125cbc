import { useId, useState, type FormEvent } from 'react'
import type { Endpoints } from '../../../cairn/api.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { endpointProblem } from '../../lib/endpoint-check.ts'
import { useAction } from '../../lib/engine-context.ts'

const FIELDS = [
  {
    name: 'plc',
    label: 'PLC directory',
    optional: false,
    help: 'Where did:plc identities and their keys are looked up. Its answers are proven, not believed.',
  },
  {
    name: 'doh',
    label: 'DNS over HTTPS',
    optional: true,
    help: 'Finds the account behind a handle. Empty turns it off.',
  },
  {
    name: 'resolver',
    label: 'Handle resolver',
    optional: true,
    help: 'Asked when the other ways fail. Empty turns it off.',
  },
] as const

/** Whom Cairn asks. Nothing is stored until every address will do. */
export function EndpointsForm({ endpoints }: { readonly endpoints: Endpoints }) {
  const [draft, setDraft] = useState(endpoints)
  const [checked, setChecked] = useState(false)
  const action = useAction()
  const id = useId()
  const problems = Object.fromEntries(
    FIELDS.map(({ name, optional }) => [name, endpointProblem(draft[name], draft.allowLocal, optional)]),
  )
  const changed = JSON.stringify(draft) !== JSON.stringify(endpoints)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setChecked(true)
    const wrong = FIELDS.find(({ name }) => problems[name] !== undefined)
    if (wrong !== undefined) {
      document.getElementById(`${id}${wrong.name}`)?.focus()
      return
    }
    const { plc, doh, resolver, allowLocal } = draft
    void action.run((cairn) =>
      cairn.device.setSettings({
        endpoints: { plc: plc.trim(), doh: doh.trim(), resolver: resolver.trim(), allowLocal },
      }),
    )
  }
  return (
    <section className="card pad setting" aria-labelledby="set-endpoints">
      <div>
        <h2 id="set-endpoints">Whom Cairn asks</h2>
        <p className="small">
          To find an account’s server and its keys. Records come from that server itself.
        </p>
      </div>
      <form className="stack" onSubmit={submit} noValidate>
        {FIELDS.map(({ name, label, help }) => {
          const problem = checked || draft[name] !== endpoints[name] ? problems[name] : undefined
          return (
            <div key={name} className="field">
              <label htmlFor={`${id}${name}`}>{label}</label>
              <input
                id={`${id}${name}`}
                className="input"
                type="url"
                inputMode="url"
                value={draft[name]}
                onChange={(event) => setDraft({ ...draft, [name]: event.target.value })}
                aria-invalid={problem !== undefined}
                aria-describedby={`${id}${name}h`}
                spellCheck={false}
                autoComplete="off"
                dir="ltr"
              />
              <span id={`${id}${name}h`} className={problem === undefined ? 'small' : 'problem'}>
                {problem ?? help}
              </span>
            </div>
          )
        })}
        <label className="check">
          <input
            type="checkbox"
            checked={draft.allowLocal}
            onChange={(event) => setDraft({ ...draft, allowLocal: event.target.checked })}
          />
          <span>
            Allow addresses on this machine and network
            <span className="small block">
              For a server of your own. Otherwise they are refused, so that no account can point Cairn at your
              network.
            </span>
          </span>
        </label>
        <div className="line">
          <button type="submit" className="btn" disabled={!changed || action.running}>
            Save
          </button>
          {changed && (
            <button type="button" className="btn plain" onClick={() => setDraft(endpoints)}>
              Undo
            </button>
          )}
        </div>
        {action.error !== undefined && <ErrorNote error={action.error} />}
      </form>
    </section>
  )
}
