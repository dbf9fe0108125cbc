import { useState } from 'react'
import type { Entity } from '../../../../cairn/api.ts'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { useHere } from '../../../spaces/here.ts'

/** Whether a task is done, to be ticked by whoever may write. The tick shows at once, before it is stored. */
export function TaskBox({ task }: { readonly task: Entity<'task'> }) {
  const { space, canWrite } = useHere()
  const action = useAction()
  const { title = '', done = false } = task.fields
  const [asked, setAsked] = useState<{ readonly done: boolean; readonly after: number }>()
  // what was asked for counts until the task is heard of anew
  const shown = asked !== undefined && asked.after === task.counter ? asked.done : done
  return (
    <>
      <input
        type="checkbox"
        className="task-box"
        aria-label={`${title === '' ? 'Task' : title}: done`}
        checked={shown}
        // not while it is stored: whoever came here by keys would lose their place
        disabled={!canWrite}
        onChange={(event) => {
          const set = { done: event.target.checked }
          setAsked({ done: set.done, after: task.counter })
          void action
            .run((cairn) => cairn.spaces.edit(space, [{ kind: 'task', id: task.id, set }]))
            .then((stored) => {
              if (!stored) setAsked(undefined)
            })
        }}
      />
      {action.error !== undefined && (
        <div className="task-error">
          <ErrorNote error={action.error} />
        </div>
      )}
    </>
  )
}
