import { useState } from 'react'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAccount } from '../../../lib/accounts.ts'
import { useAction } from '../../../lib/engine-context.ts'
import { useRepo } from '../../../lib/reads.ts'
import { useDraftsByPath } from '../../../lib/writing.ts'
import { useAccountRecord, useNeededToWrite } from '../../../spaces/own-accounts.ts'
import { draftTitle } from '../../../words/draft-states.ts'
import { SignInFor } from '../../account/sign-in-for.tsx'
import { SignInForm } from '../../account/sign-in-form.tsx'
import { DraftPill } from '../../compose/draft-state.tsx'
import { CopyField } from '../parts/copy-field.tsx'

/** What is still to be done before an account's repository names its person. */
export function AccountProofSteps({ did }: { readonly did: string }) {
  const { value: account } = useAccount(did)
  const record = useAccountRecord(did)
  const drafts = useDraftsByPath(did)
  const needed = useNeededToWrite(did)
  const action = useAction()
  const [signingIn, setSigningIn] = useState(false)
  if (account === undefined || record === undefined) return null
  const { collection, rkey, value, uri } = record
  const draft = drafts.get(`${collection}/${rkey}`)
  const write = () => void action.run((cairn) => cairn.writing.save({ did, collection, rkey, value }))
  return (
    <>
      {draft !== undefined ? (
        <p className="small">
          <DraftPill draft={draft} /> {draftTitle(draft)}
        </p>
      ) : needed === 'copy' ? (
        <CopyFirst did={did} />
      ) : needed === 'nothing' ? (
        <div className="line">
          <button type="button" className="btn slim go" disabled={action.running} onClick={write}>
            Write the record
          </button>
        </div>
      ) : account !== null ? (
        <SignInFor did={did} need="write" />
      ) : signingIn ? (
        <SignInForm who={did} needs={['write']} onCancel={() => setSigningIn(false)} />
      ) : (
        <div className="line">
          <button type="button" className="btn slim" onClick={() => setSigningIn(true)}>
            Sign in to write the record
          </button>
        </div>
      )}
      {action.error !== undefined && <ErrorNote error={action.error} />}
      <details>
        <summary className="small">Write it another way</summary>
        <CopyField value={uri} label="Where the record belongs" />
        <CopyField value={JSON.stringify(value)} label="The record" />
      </details>
    </>
  )
}

/** What is written goes into a copy that is kept here, and from there to the server. */
function CopyFirst({ did }: { readonly did: string }) {
  const { value: repo } = useRepo(did)
  const backup = useAction()
  if (repo === undefined) return null
  // it is there without a head until the first backup has ended
  if (repo !== null)
    return <p className="small">Its repository is being backed up. Then the record can be written.</p>
  return (
    <>
      <p className="small">The record goes into a copy of its repository first, and none is kept here yet.</p>
      <div className="line">
        <button
          type="button"
          className="btn slim"
          disabled={backup.running}
          onClick={() => void backup.run((cairn) => cairn.library.backup(did))}
        >
          Back it up
        </button>
      </div>
      {backup.error !== undefined && <ErrorNote error={backup.error} />}
    </>
  )
}
