import { useState, type FormEvent } from 'react'
import type { Entity } from '../../../../cairn/api.ts'
import { placeEdits } from '../../../../spaces/content/order.ts'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { useHere } from '../../../spaces/here.ts'
import { newId } from '../../../spaces/ids.ts'
import { MAX_TASK } from '../../../spaces/limits.ts'

/** Adds a task at the end of the list. */
export function AddTask({ tasks }: { readonly tasks: readonly Entity<'task'>[] }) {
  const { space, detail } = useHere()
  const [title, setTitle] = useState('')
  const action = useAction()
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const said = title.trim()
    if (said === '' || action.running) return
    const id = newId('task', detail.person)
    // its place and its title in one change
    const places = placeEdits(tasks, { kind: 'task', id }, tasks.length)
    const edits = places.map((edit) =>
      edit.id === id ? { ...edit, set: { ...edit.set, title: said } } : edit,
    )
    if (await action.run((cairn) => cairn.spaces.edit(space, edits))) setTitle('')
  }
  return (
    <div className="stack-tight">
      <form className="card ask" onSubmit={(event) => void submit(event)}>
        <input
          aria-label="New task"
          placeholder="What is to be done?"
          value={title}
          maxLength={MAX_TASK}
          dir="auto"
          enterKeyHint="done"
          autoComplete="off"
          onChange={(event) => setTitle(event.target.value)}
        />
        <button type="submit" className="btn go" disabled={action.running}>
          Add
        </button>
      </form>
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </div>
  )
}
