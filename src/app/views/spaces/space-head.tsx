import { MoreHorizontal } from 'lucide-react'
import { useState } from 'react'
import { ErrorNote } from '../../components/error-note.tsx'
import { Title } from '../../components/screen.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { plural } from '../../lib/format.ts'
import { useRested } from '../../lib/lasting.ts'
import { useNow } from '../../lib/live.ts'
import { spaceHref } from '../../lib/routes.ts'
import { useHere } from '../../spaces/here.ts'
import { usePresence } from '../../spaces/reads.ts'
import { Names } from '../../spaces/names.tsx'
import { syncSentence } from '../../spaces/sentences.ts'
import { MakeLinkDialog } from './links/make-link.tsx'
import { Menu } from './parts/menu.tsx'
import { PersonAvatar } from './parts/person-avatar.tsx'

/** More faces would push the name away. */
const FACES = 4

/** What the space is called, who is here now, how far others have it, and what one does most. */
export function SpaceHead({ label, isFirst }: { readonly label: string; readonly isFirst: boolean }) {
  const { space, detail, isAdmin } = useHere()
  const { title, members, state } = detail
  const sync = useRested(detail.sync, detail.sync.current < detail.sync.known)
  const now = useNow(sync.answeredAt)
  const [sharing, setSharing] = useState(false)
  const undo = useAction()
  const [said, setSaid] = useState('')
  const step = async (which: 'undo' | 'redo') => {
    let done = false
    await undo.run(async (cairn) => {
      done = await cairn.spaces[which](space)
    })
    setSaid(
      done
        ? which === 'undo'
          ? 'Your last change is taken back.'
          : 'It is done again.'
        : 'There is nothing to take back, or others have changed the same since.',
    )
  }
  const isMember = state === 'member'
  return (
    <>
      <div className="head space-head">
        <div className="grow">
          <Title tab={isFirst ? title : `${label} of ${title}`}>{title}</Title>
          <p className="small">
            {isMember
              ? `${plural(members, 'person', 'people')}, sealed from end to end. ${syncSentence(sync, now)}`
              : 'Sealed from end to end.'}
          </p>
        </div>
        {isMember && <WhoIsHere />}
        {isMember && (
          <div className="line">
            {isAdmin ? (
              <button type="button" className="btn go" onClick={() => setSharing(true)}>
                Share a link
              </button>
            ) : (
              <a className="btn" href={spaceHref(space, 'members')}>
                Members
              </a>
            )}
            <Menu label="More to do here" icon={<MoreHorizontal size={18} />}>
              <button type="button" disabled={undo.running} onClick={() => void step('undo')}>
                Undo my last change
              </button>
              <button type="button" disabled={undo.running} onClick={() => void step('redo')}>
                Do it again
              </button>
              <a href={spaceHref(space, 'settings')}>Settings of the space</a>
            </Menu>
          </div>
        )}
        <p className="small head-problem space-said" role="status">
          {said}
        </p>
        {undo.error !== undefined && (
          <div className="head-problem">
            <ErrorNote error={undo.error} />
          </div>
        )}
      </div>
      {sharing && <MakeLinkDialog onClose={() => setSharing(false)} />}
    </>
  )
}

function WhoIsHere() {
  const { space, detail, nameOf } = useHere()
  const { value: presence } = usePresence(space)
  const persons = [...new Set((presence ?? []).map(({ person }) => person))].filter(
    (person) => person !== detail.person,
  )
  if (persons.length === 0) return null
  return (
    <p className="who-is-here small">
      <span className="faces">
        {persons.slice(0, FACES).map((person) => (
          <PersonAvatar key={person} person={person} size={24} />
        ))}
      </span>
      <span>
        <Names names={persons.map(nameOf)} /> {persons.length === 1 ? 'is' : 'are'} here
      </span>
    </p>
  )
}
