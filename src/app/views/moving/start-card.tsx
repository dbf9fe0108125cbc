import { useId, useState, type FormEvent } from 'react'
import type { MoveInput, MoveKind, Plan, RepoSummary } from '../../../cairn/api.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { KeyField } from './key-field.tsx'
import { OldServer } from './old-server.tsx'
import { OwnCopy } from './own-copy.tsx'
import { PlanList } from './plan-list.tsx'

const FIELDS = [
  { name: 'server', label: 'New server', type: 'url', help: 'Its address, such as pds.example.org.' },
  {
    name: 'handle',
    label: 'Handle there',
    type: 'text',
    help: 'A name that the server gives out, or a domain of yours.',
  },
  { name: 'email', label: 'Mail address', type: 'email', help: 'For the new server.' },
  { name: 'invite', label: 'Invite code', type: 'text', help: 'Where the server asks for one.' },
] as const

const KINDS = [
  { value: 'move', label: 'It helps' },
  { value: 'rescue', label: 'It is gone, or will not help' },
] as const

interface StartCardProps {
  readonly did: string
  readonly repo: RepoSummary | undefined
}

/** Where to go, and a look at the whole way before the first step. */
export function StartCard({ did, repo }: StartCardProps) {
  const id = useId()
  const [kind, setKind] = useState<MoveKind>('move')
  const [typed, setTyped] = useState({ server: '', handle: '', email: '', invite: '' })
  const [snapshot, setSnapshot] = useState('')
  const [key, setKey] = useState('')
  const [found, setFound] = useState<{ readonly of: string; readonly plan: Plan }>()
  const look = useAction()
  const begin = useAction()
  const input: MoveInput = { did, kind, ...typed, ...(snapshot === '' ? {} : { snapshot }) }
  // What was looked at may have been changed since, also while it was looked at.
  const asked = JSON.stringify([input, key])
  const plan = found?.of === asked ? found.plan : undefined
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const given = key.trim() === '' ? undefined : key
    void look.run(async (cairn) => setFound({ of: asked, plan: await cairn.moving.plan(input, given) }))
  }
  const start = () =>
    void begin.run(async (cairn) => {
      await cairn.moving.begin(input)
      await cairn.moving.go(did, key.trim() === '' ? {} : { key })
    })
  return (
    <section className="card pad setting" aria-labelledby="mv-start">
      <div>
        <h2 id="mv-start">Move to another server</h2>
        <p className="small">
          Looking ahead changes nothing. Until the identity changes, near the end, the account stays where it
          is.
        </p>
      </div>
      <div className="stack">
        <fieldset className="field">
          <legend className="label">The server where the account is now</legend>
          {KINDS.map(({ value, label }) => (
            <label key={value} className="check">
              <input
                type="radio"
                name={`${id}kind`}
                checked={kind === value}
                onChange={() => setKind(value)}
              />
              <span>{label}</span>
            </label>
          ))}
        </fieldset>
        {kind === 'move' && (
          <OldServer did={did} why="Your old server has to help: sign in there.">
            <p className="small">You are signed in at the old server, and it may help.</p>
          </OldServer>
        )}
        <form className="stack" onSubmit={submit} noValidate>
          {FIELDS.map(({ name, label, type, help }) => (
            <div key={name} className="field">
              <label htmlFor={`${id}${name}`}>{label}</label>
              <input
                id={`${id}${name}`}
                className="input"
                type={type === 'email' ? 'email' : 'text'}
                inputMode={type}
                value={typed[name]}
                onChange={(event) => setTyped({ ...typed, [name]: event.target.value })}
                aria-describedby={`${id}${name}h`}
                autoCapitalize="none"
                autoComplete={name === 'email' ? 'email' : 'off'}
                spellCheck={false}
                dir="ltr"
              />
              <span id={`${id}${name}h`} className="small">
                {help}
              </span>
            </div>
          ))}
          {kind === 'rescue' && (
            <>
              {did.startsWith('did:plc:') && <KeyField value={key} onChange={setKey} />}
              <OwnCopy did={did} repo={repo} snapshot={snapshot} onSnapshot={setSnapshot} />
            </>
          )}
          <div className="line">
            <button type="submit" className={plan?.ready === true ? 'btn' : 'btn go'} disabled={look.running}>
              {look.running ? 'Looking' : 'Look ahead'}
            </button>
            {plan?.ready === true && (
              <button type="button" className="btn go" disabled={begin.running} onClick={start}>
                {kind === 'move' ? 'Begin the move' : 'Begin the rescue'}
              </button>
            )}
          </div>
          {plan !== undefined && <PlanList plan={plan} />}
          {look.error !== undefined && <ErrorNote error={look.error} />}
          {begin.error !== undefined && <ErrorNote error={begin.error} />}
        </form>
      </div>
    </section>
  )
}
