import { useId, useState, type FormEvent } from 'react'
import type { Account, PublishedAccount } from '../../../cairn/api.ts'
import { closeDialog, Dialog } from '../../components/dialog.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { accountName } from '../../lib/accounts.ts'
import { useAction } from '../../lib/engine-context.ts'
import { foundSentence } from '../../words/published.ts'

interface PublishDialogProps {
  /** those that may publish; at least one */
  readonly accounts: readonly Account[]
  readonly onClose: () => void
}

/** Offers in public to keep each other's repository. */
export function PublishDialog({ accounts, onClose }: PublishDialogProps) {
  const [form, setForm] = useState({ ours: accounts[0]?.did ?? '', theirs: '' })
  const [checked, setChecked] = useState(false)
  const [looked, setLooked] = useState<{ readonly for: string; readonly account: PublishedAccount }>()
  const action = useAction()
  const id = useId()
  const theirs = form.theirs.trim()
  // What comes late may be about another than who stands there now.
  const found = looked?.for === theirs ? looked.account : undefined
  const problem = theirs === '' ? 'Enter a handle, such as alice.example, or a DID.' : undefined
  const check = (): boolean => {
    setChecked(true)
    if (problem !== undefined) document.getElementById(`${id}t`)?.focus()
    return problem === undefined
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!check()) return
    void action
      .run(async (cairn) => {
        await cairn.network.publish({ ours: form.ours, theirs })
      })
      .then((done) => done && onClose())
  }
  const look = () => {
    if (!check()) return
    void action.run(async (cairn) => {
      const account = await cairn.network.findPublished(theirs)
      setLooked({ for: theirs, account })
    })
  }
  const isShown = checked && problem !== undefined
  return (
    <Dialog title="Publish an agreement" onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <div className="field">
          <label htmlFor={`${id}o`}>In the name of</label>
          <select
            id={`${id}o`}
            className="select"
            value={form.ours}
            onChange={(event) => setForm({ ...form, ours: event.target.value })}
          >
            {accounts.map((account) => (
              <option key={account.did} value={account.did}>
                {accountName(account)}
              </option>
            ))}
          </select>
        </div>
        <div className="field">
          <label htmlFor={`${id}t`}>With</label>
          <input
            id={`${id}t`}
            className="input"
            placeholder="handle or DID"
            value={form.theirs}
            onChange={(event) => {
              setForm({ ...form, theirs: event.target.value })
            }}
            aria-invalid={isShown}
            aria-describedby={`${id}h`}
            autoCapitalize="none"
            autoComplete="off"
            spellCheck={false}
            maxLength={2_048}
            dir="ltr"
          />
          <span id={`${id}h`} className={isShown ? 'problem' : 'small'} aria-live="polite">
            {isShown
              ? problem
              : found === undefined
                ? 'You say in public that you keep a copy of theirs. It holds when they say the same of yours, or let anyone.'
                : foundSentence(found, accountName(found), form.ours)}
          </span>
        </div>
        {action.error !== undefined && <ErrorNote error={action.error} />}
        <div className="line">
          <button type="button" className="btn" onClick={closeDialog}>
            Cancel
          </button>
          <button type="button" className="btn" disabled={action.running} onClick={look}>
            Look them up
          </button>
          <button type="submit" className="btn go" disabled={action.running}>
            Publish it
          </button>
        </div>
      </form>
    </Dialog>
  )
}
