import { useState } from 'react'
import type { ClaimedAccount, SpacePerson } from '../../../../cairn/api.ts'
import { Ago, Id } from '../../../components/bits.tsx'
import { Confirm } from '../../../components/confirm.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { useHere } from '../../../spaces/here.ts'
import { claimSentence, useAccountRecord, useNeededToWrite } from '../../../spaces/own-accounts.ts'
import { AccountProofSteps } from './account-proof-steps.tsx'
import { ShowAccountDialog } from './show-account.tsx'

/** The atproto account that one says is one's own in this space. Nobody has to. */
export function AccountClaim({ me }: { readonly me: SpacePerson }) {
  const [showing, setShowing] = useState(false)
  const { account } = me
  return (
    <div className="stack-tight account-claim">
      <h3>Your atproto account</h3>
      {account === undefined ? (
        <>
          <p className="small">
            If you like, the others see which account is yours, and that it is proven. You need none to be
            here.
          </p>
          <div className="line">
            <button type="button" className="btn slim" onClick={() => setShowing(true)}>
              Show an account
            </button>
          </div>
        </>
      ) : (
        <Claimed account={account} person={me.person} />
      )}
      {showing && <ShowAccountDialog onClose={() => setShowing(false)} />}
    </div>
  )
}

function Claimed({ account, person }: { readonly account: ClaimedAccount; readonly person: string }) {
  const { space } = useHere()
  const [asking, setAsking] = useState(false)
  const [said, setSaid] = useState('')
  const look = useAction()
  const { did, handle, proven, checkedAt } = account
  const again = () => {
    setSaid('')
    void look.run(async (cairn) => {
      const found = await cairn.spaces.checkAccount(space, person)
      setSaid(found ? 'Its repository names you.' : 'Its repository does not name you yet.')
    })
  }
  return (
    <>
      <p className="line tight">
        {handle !== undefined && <bdi className="strong">@{handle}</bdi>}
        <Id value={did} what="DID" head={5} tail={5} />
      </p>
      <p className="small">
        {claimSentence(account, true)}{' '}
        {checkedAt !== undefined && (
          <>
            Looked at <Ago at={checkedAt} />.
          </>
        )}
      </p>
      {!proven && <AccountProofSteps did={did} />}
      <div className="line">
        <button type="button" className="btn slim" disabled={look.running} onClick={again}>
          Look again
        </button>
        <button type="button" className="btn slim plain danger" onClick={() => setAsking(true)}>
          Take it back
        </button>
      </div>
      <p className="small" role="status">
        {said}
      </p>
      {look.error !== undefined && <ErrorNote error={look.error} />}
      {asking && <TakeBack did={did} onClose={() => setAsking(false)} />}
    </>
  )
}

function TakeBack({ did, onClose }: { readonly did: string; readonly onClose: () => void }) {
  const { space } = useHere()
  const action = useAction()
  const record = useAccountRecord(did)
  const canWrite = useNeededToWrite(did) === 'nothing'
  const takeBack = () =>
    void action
      .run(async (cairn) => {
        await cairn.spaces.setAccount(space, undefined)
        if (!canWrite || record === undefined) return
        const { collection, rkey } = record
        await cairn.writing.save({ did, collection, rkey, value: undefined })
      })
      .then((done) => done && onClose())
  return (
    <Confirm
      title="Take back which account is yours?"
      confirm="Take it back"
      cancel="Leave it"
      busy={action.running}
      error={action.error}
      onClose={onClose}
      onConfirm={takeBack}
    >
      <p>
        Your profile here names no account any more.{' '}
        {canWrite
          ? 'The record in the account’s repository is deleted as well.'
          : 'The record in the account’s repository stays until you delete it there: it cannot be written to from here.'}
      </p>
      <p>Whoever has seen it has seen it, and copies of the repository may keep the record.</p>
    </Confirm>
  )
}
