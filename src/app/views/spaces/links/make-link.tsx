import { useEffect, useId, useRef, useState, type FormEvent } from 'react'
import type { JoinLink, LinkKind } from '../../../../cairn/api.ts'
import { closeDialog, Dialog } from '../../../components/dialog.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { useHere } from '../../../spaces/here.ts'
import { LINK_MEANS } from '../../../spaces/sentences.ts'
import '../../../styles/spaces-members.css'
import { LinkToSend } from './show-link.tsx'

const HOUR = 3_600_000
const KINDS: readonly (readonly [kind: LinkKind, label: string])[] = [
  ['editor', 'Can write'],
  ['viewer', 'Can read'],
  ['ask', 'Has to ask'],
]
const ENDS: readonly (readonly [hours: number, label: string])[] = [
  [1, 'in an hour'],
  [24, 'in a day'],
  [168, 'in a week'],
  [720, 'in a month'],
  [0, 'only when I revoke it'],
]
const USES: readonly (readonly [uses: number, label: string])[] = [
  [1, 'one person'],
  [5, '5 people'],
  [20, '20 people'],
  [100, '100 people'],
  [1_024, '1,024 people'],
]

/** Makes a link into the space: what it lets one do, until when, and for how many. Then it is shown. */
export function MakeLinkDialog({ onClose }: { readonly onClose: () => void }) {
  const { space, detail } = useHere()
  const id = useId()
  const [form, setForm] = useState({ kind: 'editor' as LinkKind, hours: 168, uses: 20, long: false })
  const [made, setMade] = useState<JoinLink>()
  const action = useAction()
  const shown = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // the button that had the focus is gone with its form
    if (made !== undefined) shown.current?.focus()
  }, [made])
  const set = (change: Partial<typeof form>) => setForm({ ...form, ...change })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const { kind, hours, uses, long } = form
    void action.run(async (cairn) =>
      setMade(
        await cairn.spaces.makeLink(space, {
          kind,
          uses,
          expiresIn: hours === 0 ? undefined : hours * HOUR,
          ...(kind === 'ask' && long ? { long } : {}),
        }),
      ),
    )
  }
  return (
    <Dialog title={`A way into ${detail.title}`} onClose={onClose}>
      {made?.url !== undefined ? (
        <div ref={shown} tabIndex={-1}>
          <LinkToSend link={made} url={made.url} />
        </div>
      ) : (
        <form onSubmit={submit}>
          <fieldset className="field">
            <legend className="label">Whoever opens it</legend>
            <div className="kinds">
              {KINDS.map(([kind, label]) => (
                <label key={kind} className="kind">
                  <input
                    type="radio"
                    name={`${id}k`}
                    value={kind}
                    checked={form.kind === kind}
                    onChange={() => set({ kind })}
                  />
                  <span>{label}</span>
                </label>
              ))}
            </div>
            <p className="small">{LINK_MEANS[form.kind]}</p>
          </fieldset>
          <div className="two">
            <div className="field">
              <label htmlFor={`${id}e`}>It ends</label>
              <select
                id={`${id}e`}
                className="select"
                value={form.hours}
                onChange={(event) => set({ hours: Number(event.target.value) })}
              >
                {ENDS.map(([hours, label]) => (
                  <option key={hours} value={hours}>
                    {label}
                  </option>
                ))}
              </select>
            </div>
            <div className="field">
              <label htmlFor={`${id}u`}>It is for</label>
              <select
                id={`${id}u`}
                className="select"
                value={form.uses}
                onChange={(event) => set({ uses: Number(event.target.value) })}
              >
                {USES.map(([uses, label]) => (
                  <option key={uses} value={uses}>
                    {label}
                  </option>
                ))}
              </select>
            </div>
          </div>
          {form.kind === 'ask' && (
            <label className="check">
              <input
                type="checkbox"
                checked={form.long}
                onChange={(event) => set({ long: event.target.checked })}
              />
              <span>
                A long link that needs no relay
                <span className="small block">
                  It carries the title and where to ask, for groups without a server.
                </span>
              </span>
            </label>
          )}
          {action.error !== undefined && <ErrorNote error={action.error} />}
          <div className="line">
            <button type="button" className="btn" onClick={closeDialog}>
              Cancel
            </button>
            <button type="submit" className="btn go" disabled={action.running}>
              {action.running ? 'Making it' : 'Make the link'}
            </button>
          </div>
        </form>
      )}
    </Dialog>
  )
}
