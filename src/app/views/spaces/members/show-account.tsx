import { useId, useState, type FormEvent } from 'react'
import { Loading } from '../../../components/bits.tsx'
import { closeDialog, Dialog } from '../../../components/dialog.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { accountName } from '../../../lib/accounts.ts'
import { useAction } from '../../../lib/engine-context.ts'
import { useHere } from '../../../spaces/here.ts'
import {
  type NeededToWrite,
  type OwnAccount,
  useNeededToWrite,
  useOwnAccounts,
} from '../../../spaces/own-accounts.ts'

/** Says who learns what, before an account is shown to the group and a record goes into its public repository. */
export function ShowAccountDialog({ onClose }: { readonly onClose: () => void }) {
  const accounts = useOwnAccounts()
  return (
    <Dialog title="Show your atproto account here" describedBy="show-account" onClose={onClose}>
      <div id="show-account" className="stack-tight">
        <p>
          Two things prove it: your profile here names the account, and a record in the account’s repository
          names you.
        </p>
        <ul className="plain-list">
          <li>The members see which account is yours.</li>
          <li>Everyone sees that the account is in some space, and not in which.</li>
          <li>
            A server that keeps this space cannot read it, but can tell from the record which of its members
            the account is.
          </li>
        </ul>
      </div>
      {accounts === undefined ? (
        <Loading />
      ) : accounts.length === 0 ? (
        <NoAccount />
      ) : (
        <Choose accounts={accounts} onClose={onClose} />
      )}
    </Dialog>
  )
}

function NoAccount() {
  return (
    <>
      <p>
        No account is known on this device. <a href="/settings">Sign in to yours under Settings</a>, or{' '}
        <a href="/">back up its repository in the Library</a>, then come back.
      </p>
      <div className="line">
        <button type="button" className="btn" onClick={closeDialog}>
          Close
        </button>
      </div>
    </>
  )
}

const HOW: Readonly<Record<NeededToWrite, string>> = {
  nothing: 'The record is written at once.',
  'sign-in': 'You are not signed in to write in its name: how the record gets there is shown afterwards.',
  copy: 'Its repository is not kept on this device yet: how the record gets there is shown afterwards.',
}

interface ChooseProps {
  readonly accounts: readonly OwnAccount[]
  readonly onClose: () => void
}

function Choose({ accounts, onClose }: ChooseProps) {
  const { space } = useHere()
  const id = useId()
  const [did, setDid] = useState(accounts[0]?.did ?? '')
  const needed = useNeededToWrite(did)
  const action = useAction()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void action
      .run(async (cairn) => {
        if (needed === 'nothing') {
          const { collection, rkey, value } = await cairn.spaces.accountRecord(space, did)
          await cairn.writing.save({ did, collection, rkey, value })
          // Others look for it when they hear of the claim. One that cannot be sent now goes later, and says so.
          await cairn.writing.send(did).catch(() => {})
        }
        await cairn.spaces.setAccount(space, did)
      })
      .then((done) => done && onClose())
  }
  return (
    <form className="account-choice" onSubmit={submit}>
      <div className="field">
        <label htmlFor={id}>Account</label>
        <select id={id} className="select" value={did} onChange={(event) => setDid(event.target.value)}>
          {accounts.map((account) => (
            <option key={account.did} value={account.did}>
              {accountName(account)}
            </option>
          ))}
        </select>
        <span className="small">{HOW[needed]}</span>
      </div>
      {action.error !== undefined && <ErrorNote error={action.error} />}
      <div className="line">
        <button type="button" className="btn" onClick={closeDialog}>
          Cancel
        </button>
        <button type="submit" className="btn go" disabled={action.running}>
          Show it
        </button>
      </div>
    </form>
  )
}
