import { FileText } from 'lucide-react'
import { Ago, Empty, Loading } from '../../../components/bits.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { goTo } from '../../../lib/navigate.ts'
import { spaceHref } from '../../../lib/routes.ts'
import { useHere } from '../../../spaces/here.ts'
import { newId } from '../../../spaces/ids.ts'
import { useEntities, usePresence } from '../../../spaces/reads.ts'
import { Names } from '../../../spaces/names.tsx'
import { ShowMore, useSteps } from '../../../spaces/use-steps.tsx'
import { useMarkSeen } from '../../../spaces/use-mark-seen.ts'
import { UnsentPill } from '../parts/unsent-pill.tsx'
import '../../../styles/spaces-notes.css'

const STEP = 200

/** What the group writes together, changed last first. */
export function Notes() {
  const { space, detail, canWrite } = useHere()
  const { value: notes, error } = useEntities(space, 'note')
  const action = useAction()
  useMarkSeen('notes', notes)
  const sorted = (notes ?? []).toSorted((a, b) => b.changedAt - a.changedAt)
  const steps = useSteps(sorted, STEP)
  const make = () => {
    const id = newId('note', detail.person)
    void action
      .run((cairn) => cairn.spaces.edit(space, [{ kind: 'note', id, set: { title: '' } }]))
      .then((done) => done && goTo(spaceHref(space, 'notes', id)))
  }
  const button = (
    <button type="button" className="btn go" disabled={action.running} onClick={make}>
      New note
    </button>
  )
  return (
    <div className="stack">
      {canWrite && sorted.length > 0 && <div className="line">{button}</div>}
      {action.error !== undefined && <ErrorNote error={action.error} />}
      {error !== undefined && notes === undefined && <ErrorNote error={error} />}
      {notes === undefined && error === undefined && <Loading label="Reading the notes" />}
      {notes?.length === 0 && (
        <div className="card">
          <Empty title="Write something together" action={canWrite ? button : undefined}>
            Several people can type in a note at once, also while they are offline; everything comes together
            again.
          </Empty>
        </div>
      )}
      {sorted.length > 0 && (
        <ul className="card rows notes" aria-label="Notes">
          {steps.shown.map(({ id, fields, changedBy, changedAt, unsent }) => (
            <li key={id} className="note-row">
              <FileText size={18} aria-hidden="true" />
              <div>
                <a className="name" href={spaceHref(space, 'notes', id)}>
                  <bdi>{title(fields.title)}</bdi>
                </a>
                <Facts id={id} by={changedBy} at={changedAt} unsent={unsent} />
              </div>
            </li>
          ))}
        </ul>
      )}
      <ShowMore steps={steps} />
    </div>
  )
}

const title = (said: string | undefined) =>
  said === undefined || said.trim() === '' ? 'Without a title' : said

interface FactsProps {
  readonly id: string
  readonly by: string
  readonly at: number
  readonly unsent: boolean
}

function Facts({ id, by, at, unsent }: FactsProps) {
  const { space, detail, nameOf } = useHere()
  const { value: presence } = usePresence(space)
  const here = [
    ...new Set((presence ?? []).filter(({ where }) => where === `note/${id}`).map(({ person }) => person)),
  ]
    .filter((person) => person !== detail.person)
    .map(nameOf)
  return (
    <p className="small">
      <bdi>{nameOf(by)}</bdi>, <Ago at={at} />
      {unsent && <UnsentPill since={at} />}
      {here.length > 0 && (
        <span className="pill">
          <span>
            <Names names={here} /> {here.length === 1 ? 'is' : 'are'} in it
          </span>
        </span>
      )}
    </p>
  )
}
