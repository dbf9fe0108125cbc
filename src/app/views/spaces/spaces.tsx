import { useState } from 'react'
import type { SpaceSummary } from '../../../cairn/api.ts'
import { Ago, Empty } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { Title } from '../../components/screen.tsx'
import { formatNumber, plural, pluralWord } from '../../lib/format.ts'
import { initialOf } from '../../lib/graphemes.ts'
import { useNow } from '../../lib/live.ts'
import { TONE_CLASS } from '../../lib/repo-status.ts'
import { spaceHref } from '../../lib/routes.ts'
import { useSpaces } from '../../lib/spaces.ts'
import { spaceState, syncSentence } from '../../spaces/sentences.ts'
import '../../styles/library.css'
import '../../styles/spaces.css'
import { wordsFor } from '../../words.ts'
import { CreateDialog } from './create.tsx'
import { ImportDialog } from './import.tsx'
import { OpenLinkForm } from './open-link.tsx'
import { RecoveryDue } from './recovery/recovery-due.tsx'

/** The groups of this device, and how to begin or enter one. */
export function SpacesScreen() {
  const { value: spaces, error } = useSpaces()
  const [asking, setAsking] = useState<'create' | 'import'>()
  const close = () => setAsking(undefined)
  const none = spaces?.length === 0
  return (
    <>
      <div className="head">
        <div className="grow">
          <Title>Spaces</Title>
          <p className="small">{headline(spaces)}</p>
        </div>
        <div className="line">
          {/* first, so that the other does not move to where it was when there turn out to be none */}
          {!none && (
            <button
              type="button"
              className="btn go"
              disabled={spaces === undefined && error === undefined}
              onClick={() => setAsking('create')}
            >
              New space
            </button>
          )}
          <button type="button" className="btn" onClick={() => setAsking('import')}>
            Import a space
          </button>
        </div>
      </div>
      <OpenLinkForm />
      {error !== undefined && spaces === undefined && <ErrorNote error={error} />}
      <RecoveryDue />
      {none ? (
        <div className="card space-list">
          <Empty
            title="A place for your group"
            action={
              <button type="button" className="btn go" onClick={() => setAsking('create')}>
                Make a space
              </button>
            }
          >
            Posts, notes, tasks and files that only its members can read. It works without a network and
            catches up later; others come in by a link that you send.
          </Empty>
        </div>
      ) : (
        <ul className="card rows space-list" aria-busy={spaces === undefined && error === undefined}>
          {spaces?.map((space) => (
            <SpaceRow key={space.space} space={space} />
          ))}
          {spaces === undefined && error === undefined && <WaitingRows />}
        </ul>
      )}
      {asking === 'create' && <CreateDialog onClose={close} />}
      {asking === 'import' && <ImportDialog onClose={close} />}
    </>
  )
}

function headline(spaces: readonly SpaceSummary[] | undefined): string {
  if (spaces === undefined || spaces.length === 0) return 'Shared with a group, sealed from end to end.'
  const unread = spaces.reduce((sum, space) => sum + space.unread, 0)
  const news = unread === 0 ? 'Nothing new.' : `${formatNumber(unread)} new.`
  return `${pluralWord(spaces.length, 'space')} on this device, sealed from end to end. ${news}`
}

function SpaceRow({ space }: { readonly space: SpaceSummary }) {
  const now = useNow(space.sync.answeredAt)
  const { tone, words } = spaceState(space)
  const isMember = space.state === 'member' && space.fault === undefined
  return (
    <li className="row space-row">
      <span className="ava mark" aria-hidden="true">
        {initialOf(space.title)}
      </span>
      <div>
        <div className="line tight">
          <a className="name shrinks" href={spaceHref(space.space)}>
            <bdi className="clip">{space.title}</bdi>
          </a>
          {space.unread > 0 && (
            <span className="new num">
              {formatNumber(space.unread)} new
              {space.mentions > 0 && `, ${plural(space.mentions, 'mention')} of you`}
            </span>
          )}
        </div>
        <p className="small">
          {isMember && `${plural(space.members, 'person', 'people')} · `}
          {space.fault === undefined ? (
            <>
              changed <Ago at={space.changedAt} />
            </>
          ) : (
            wordsFor(space.fault.code, space.fault.fields).title
          )}
        </p>
      </div>
      <div className="state">
        <span className={TONE_CLASS[tone]}>{words}</span>
        {isMember && <p className="small">{syncSentence(space.sync, now)}</p>}
      </div>
    </li>
  )
}

function WaitingRows() {
  return [0, 1].map((index) => (
    <li key={index} className="row space-row" aria-hidden="true">
      <span className="ava" />
      <div className="stack-tight">
        <span className="blank w40" />
        <span className="blank w60" />
      </div>
      <span className="blank w60" />
    </li>
  ))
}
