import type { JoinPreview } from '../../../cairn/api.ts'
import { Ago } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { Title } from '../../components/screen.tsx'
import { Stones } from '../../components/stones.tsx'
import { LINK_GIVES, LINK_WORDS } from '../../spaces/sentences.ts'
import { useWayIn } from '../../spaces/use-way-in.ts'
import { NameField } from './create.tsx'

interface AskProps {
  readonly link: string
  readonly preview: JoinPreview
  readonly onLater: () => void
}

/** What a link opens, and a question before anything is done. */
export function JoinAsk({ link, preview, onLater }: AskProps) {
  const wayIn = useWayIn('join-name', (cairn, name) => cairn.spaces.join(link, { name }))
  return (
    <>
      <div className="head">
        <Title tab="Join a space">{`Join ${preview.title}?`}</Title>
      </div>
      <form className="card pad stack join" onSubmit={wayIn.submit} noValidate>
        <div className="copies">
          <Stones size={52} stones={['current', 'current', 'wanted']} />
          <p>
            What is in it can be read by its members only, not by whoever runs the servers. It is kept on this
            device and works without a network.
          </p>
        </div>
        <dl className="kv keep-facts">
          <dt>{LINK_WORDS[preview.kind]}</dt>
          <dd>{LINK_GIVES[preview.kind]}</dd>
          <dt>Who decides</dt>
          <dd>
            {preview.kind === 'ask' ? 'one of its admins, when they see your request' : 'the link is enough'}
          </dd>
          {preview.kind === 'viewer' && (
            <>
              <dt>A reader</dt>
              <dd>can pass on what they read, keys included</dd>
            </>
          )}
          {preview.expiresAt !== undefined && (
            <>
              <dt>Ends</dt>
              <dd>
                <Ago at={preview.expiresAt} />
              </dd>
            </>
          )}
        </dl>
        <NameField {...wayIn.field} />
        {wayIn.error !== undefined && <ErrorNote error={wayIn.error} />}
        <div className="line">
          <button type="submit" className="btn go" disabled={wayIn.running}>
            {wayIn.running ? 'Joining' : preview.kind === 'ask' ? 'Ask to join' : 'Join'}
          </button>
          <button type="button" className="btn plain" disabled={wayIn.running} onClick={onLater}>
            Not now
          </button>
        </div>
      </form>
    </>
  )
}
