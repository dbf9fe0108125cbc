import { useState } from 'react'
import type { Draft, RecordDetail } from '../../../cairn/api.ts'
import { Confirm } from '../../components/confirm.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAccounts } from '../../lib/accounts.ts'
import { useAction } from '../../lib/engine-context.ts'
import { useRepos } from '../../lib/reads.ts'
import { useMayWrite } from '../../lib/writing.ts'
import { POST, writingHref } from './hrefs.ts'

interface RecordActionsProps {
  readonly record: RecordDetail
  /** it is shown as an older snapshot has it */
  readonly older: boolean
  /** CID in the newest one; null: it is not there any more */
  readonly newest: string | null | undefined
  readonly draft: Draft | undefined
}

/** What one can write about a record: answer it, change it, take it away, or write it back as it was. */
export function RecordActions({ record, older, newest, draft }: RecordActionsProps) {
  const { did, collection, rkey, path, uri } = record
  const own = useMayWrite(did) === true
  const writers = useWriters(did)
  const action = useAction()
  const [asking, setAsking] = useState(false)
  const isPost = collection === POST
  const canRestore = own && older && newest !== undefined && newest !== record.cid
  const [writer] = writers
  if (!own && (!isPost || writer === undefined)) return null

  const restore = () =>
    action.run((cairn) => cairn.writing.save({ did, collection, rkey, value: record.value }))
  const remove = async () => {
    const done = await action.run((cairn) =>
      cairn.writing.save({ did, collection, rkey, value: undefined, base: record.cid }),
    )
    if (done) setAsking(false)
  }
  return (
    <section className="card" aria-labelledby="write-about">
      <h2 id="write-about">Write</h2>
      <div className="line">
        {isPost && writer !== undefined && (
          <>
            <a className="btn slim" href={writingHref(writer, { reply: uri })}>
              Reply
            </a>
            <a className="btn slim" href={writingHref(writer, { quote: uri })}>
              Quote
            </a>
          </>
        )}
        {own && !older && (
          <>
            <a className="btn slim" href={writingHref(did, { edit: path })}>
              Edit
            </a>
            {draft?.action !== 'delete' && (
              <button type="button" className="btn slim danger" onClick={() => setAsking(true)}>
                Delete
              </button>
            )}
          </>
        )}
        {canRestore && (
          <button
            type="button"
            className="btn slim go"
            disabled={action.running}
            onClick={() => void restore()}
          >
            {newest === null ? 'Write it back' : 'Go back to this version'}
          </button>
        )}
      </div>
      {canRestore && (
        <p className="small card-actions">
          {newest === null
            ? 'It is gone from the newest snapshot. It comes back under the same address.'
            : 'The newest snapshot has another version, which this one would replace.'}
        </p>
      )}
      {asking && (
        <Confirm
          title="Delete this record?"
          confirm="Delete"
          busy={action.running}
          error={action.error}
          onConfirm={() => void remove()}
          onClose={() => setAsking(false)}
        >
          <p>
            Your server deletes it for everyone. Snapshots kept here still have it, and it can be written back
            from there.
          </p>
        </Confirm>
      )}
      {!asking && action.error !== undefined && <ErrorNote error={action.error} />}
    </section>
  )
}

/** Accounts that one can write as: signed in, and kept here. The one whose page it is comes first. */
function useWriters(first: string): readonly string[] {
  const { value: accounts = [] } = useAccounts()
  const { value: repos = [] } = useRepos()
  const dids = accounts.map(({ did }) => did).filter((did) => repos.some((repo) => repo.did === did))
  return [...dids].sort((a, b) => Number(b === first) - Number(a === first))
}
