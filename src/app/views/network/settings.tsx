import { useId, useState, type FormEvent } from 'react'
import type { NetworkSettings } from '../../../cairn/api.ts'
import { DEFAULT_STUN } from '../../../cairn/network-model.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { useNetworkSettings } from '../../lib/network.ts'
import { stunProblem } from '../../lib/stun-check.ts'

/** What others learn of this device, and how direct connections are found. */
export function NetworkSettingsCard() {
  const { value: settings, error } = useNetworkSettings()
  const action = useAction()
  return (
    <section className="card stack" aria-labelledby="net-how">
      <h2 id="net-how">How it connects</h2>
      {settings === undefined ? (
        error !== undefined && <ErrorNote error={error} />
      ) : (
        <>
          <label className="check">
            <input
              type="checkbox"
              checked={settings.relayOnly}
              disabled={action.running}
              onChange={(event) =>
                void action.run((cairn) => cairn.network.setSettings({ relayOnly: event.target.checked }))
              }
            />
            <span>
              Hide this device’s address (use relays only)
              <span className="small block">
                Peers then see the relay’s address, not yours. Copies travel slower, and the relay still
                cannot change them.
              </span>
            </span>
          </label>
          <label className="check">
            <input
              type="checkbox"
              checked={settings.live}
              disabled={action.running}
              onChange={(event) =>
                void action.run((cairn) => cairn.network.setSettings({ live: event.target.checked }))
              }
            />
            <span>
              Listen to the accounts’ servers
              <span className="small block">
                New posts are backed up within seconds. A server that you listen to sees this device’s
                address, and not which accounts you keep.
              </span>
            </span>
          </label>
          {action.error !== undefined && <ErrorNote error={action.error} />}
          {!settings.relayOnly && <StunForm key={settings.stun.join()} settings={settings} />}
        </>
      )}
    </section>
  )
}

function StunForm({ settings }: { readonly settings: NetworkSettings }) {
  const saved = settings.stun.join('\n')
  const [draft, setDraft] = useState(saved)
  const [checked, setChecked] = useState(false)
  const action = useAction()
  const id = useId()
  const servers = draft
    .split(/\s+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const problem = checked ? stunProblem(servers) : undefined
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setChecked(true)
    if (stunProblem(servers) !== undefined) {
      document.getElementById(id)?.focus()
      return
    }
    void action.run((cairn) => cairn.network.setSettings({ stun: servers }))
  }
  return (
    <form className="stack-tight" onSubmit={submit} noValidate>
      <div className="field">
        <label htmlFor={id}>STUN servers</label>
        <textarea
          id={id}
          className="input mono"
          rows={2}
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          aria-invalid={problem !== undefined}
          aria-describedby={`${id}h`}
          spellCheck={false}
          autoComplete="off"
          dir="ltr"
        />
        <span id={`${id}h`} className={problem === undefined ? 'small' : 'problem'}>
          {problem ?? (
            <>
              They tell this device its address as others see it, and nothing more. One a line. While only{' '}
              <span className="mono break">{DEFAULT_STUN}</span> stands here, the default, the servers that
              your relays name are asked instead. None: direct only within one network.
            </>
          )}
        </span>
      </div>
      {draft !== saved || action.running ? (
        <div className="line">
          <button type="submit" className="btn slim" disabled={action.running}>
            Save
          </button>
          <button type="button" className="btn slim plain" onClick={() => setDraft(saved)}>
            Undo
          </button>
        </div>
      ) : (
        saved !== DEFAULT_STUN && (
          <div className="line">
            <button type="button" className="btn slim" onClick={() => setDraft(DEFAULT_STUN)}>
              Use the default
            </button>
          </div>
        )
      )}
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </form>
  )
}
