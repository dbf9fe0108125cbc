import { useEffect, useId, useRef, useState, type FormEvent } from 'react'
import type { Entity } from '../../../../cairn/api.ts'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { personName, useHere } from '../../../spaces/here.ts'
import { MAX_TASK } from '../../../spaces/limits.ts'
import { HistoryDialog } from '../history.tsx'
import { ItemTools } from '../parts/item-tools.tsx'

interface TaskEditorProps {
  readonly task: Entity<'task'>
  readonly onDone: () => void
}

/** As the fields have it; '' for nobody and no day. */
interface TaskForm {
  readonly title: string
  readonly assignee: string
  readonly due: string
}

/** Everything of one task. Only fields that were changed are written, so that another's change of the rest stays. */
export function TaskEditor({ task, onDone }: TaskEditorProps) {
  const { space, detail, canWrite } = useHere()
  const id = useId()
  const { title = '', assignee, due } = task.fields
  // what was not touched here goes on as the others have it
  const [draft, setDraft] = useState<Partial<TaskForm>>({})
  const now: TaskForm = { title, assignee: assignee ?? '', due: due ?? '' }
  const form = { ...now, ...draft }
  const [history, setHistory] = useState(false)
  const action = useAction()
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => {
    // the person has just asked to change it
    first.current?.focus()
  }, [])
  const save = (event: FormEvent) => {
    event.preventDefault()
    const said = form.title.trim()
    const set = {
      ...(said === '' || said === title ? {} : { title: said }),
      ...(form.assignee === now.assignee ? {} : { assignee: form.assignee === '' ? null : form.assignee }),
      ...(form.due === now.due ? {} : { due: form.due === '' ? null : form.due }),
    }
    if (Object.keys(set).length === 0) {
      onDone()
      return
    }
    void action
      .run((cairn) => cairn.spaces.edit(space, [{ kind: 'task', id: task.id, set }]))
      .then((done) => done && onDone())
  }
  const remove = () =>
    void action.run((cairn) =>
      cairn.spaces.edit(space, [{ kind: 'task', id: task.id, set: { deleted: true } }]),
    )
  return (
    <form className="task-editor" onSubmit={save}>
      <fieldset className="stack-tight" disabled={!canWrite}>
        <legend className="hidden-text">Details of the task</legend>
        <div className="field">
          <label htmlFor={`${id}t`}>Title</label>
          <input
            ref={first}
            id={`${id}t`}
            className="input"
            value={form.title}
            maxLength={MAX_TASK}
            dir="auto"
            onChange={(event) => setDraft({ ...draft, title: event.target.value })}
          />
        </div>
        <div className="two">
          <div className="field">
            <label htmlFor={`${id}a`}>For</label>
            <select
              id={`${id}a`}
              className="select"
              value={form.assignee}
              onChange={(event) => setDraft({ ...draft, assignee: event.target.value })}
            >
              <option value="">Anyone</option>
              {detail.persons.map((person) => (
                <option key={person.person} value={person.person}>
                  {personName(person)}
                </option>
              ))}
            </select>
          </div>
          <div className="field">
            <label htmlFor={`${id}d`}>Due</label>
            <input
              id={`${id}d`}
              type="date"
              className="input"
              value={form.due}
              onChange={(event) => setDraft({ ...draft, due: event.target.value })}
            />
          </div>
        </div>
      </fieldset>
      <div className="line item-tools">
        {canWrite && (
          <button type="submit" className="btn slim go" disabled={action.running}>
            Save
          </button>
        )}
        <button type="button" className="btn slim" onClick={onDone}>
          Close
        </button>
        <button type="button" className="btn slim plain" onClick={() => setHistory(true)}>
          History
        </button>
        <ItemTools item={`task/${task.id}`} hidden={task.hidden} run={action.run} />
        {canWrite && (
          <button type="button" className="btn slim plain danger" disabled={action.running} onClick={remove}>
            Delete
          </button>
        )}
      </div>
      {action.error !== undefined && <ErrorNote error={action.error} />}
      {history && <HistoryDialog item={`task/${task.id}`} onClose={() => setHistory(false)} />}
    </form>
  )
}
