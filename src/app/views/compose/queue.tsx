import type { DraftQueue } from '../../../cairn/api.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { Countdown } from '../../components/countdown.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { plural } from '../../lib/format.ts'
import { useOnline } from '../../lib/online.ts'
import { SignInFor } from '../account/sign-in-for.tsx'
import { DraftCard } from './draft-card.tsx'

interface QueueProps {
  readonly did: string
  readonly queue: DraftQueue
}

/** What is unsent, in the order in which it goes, and why nothing goes if nothing does. */
export function Queue({ did, queue }: QueueProps) {
  const { drafts, sending, trouble, nextTryAt } = queue
  const online = useOnline()
  const action = useAction()
  const waiting = drafts.filter(
    ({ status }) => status === 'waiting' || status === 'sending' || status === 'sent',
  )
  const needsSignIn = trouble?.code.startsWith('account.') === true
  return (
    <section className="stack" aria-labelledby="unsent">
      <div className="line">
        <h2 id="unsent">Unsent</h2>
        <span className="small" role="status">
          {drafts.length === 0
            ? 'Everything written here is in the signed repository.'
            : sending
              ? 'Sending'
              : `${plural(drafts.length, 'change')}, sent from the top`}
        </span>
        {waiting.length > 0 && (
          <button
            type="button"
            className="btn slim push"
            disabled={sending || action.running}
            onClick={() => void action.run((cairn) => cairn.writing.send(did))}
          >
            Send now
          </button>
        )}
      </div>
      {!online && waiting.length > 0 && (
        <p className="note">This device has no network. Everything is kept here and goes when it has.</p>
      )}
      {online && trouble !== undefined && drafts.length > 0 && !sending && (
        <ErrorNote error={trouble}>
          {needsSignIn && (
            <SignInFor did={did} need="write" elsewhere={trouble.code === 'account.elsewhere'} />
          )}
          {nextTryAt !== undefined && (
            <span className="small">
              Next try <Countdown at={nextTryAt} />
            </span>
          )}
        </ErrorNote>
      )}
      <ol className="stack">
        {drafts.map((draft) => (
          <li key={draft.id}>
            <DraftCard draft={draft} />
          </li>
        ))}
      </ol>
    </section>
  )
}
