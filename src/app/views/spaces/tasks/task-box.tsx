import type { Entity } from '../../../../cairn/api.ts'
import { useAction } from '../../../lib/engine-context.ts'
import { useHere } from '../../../spaces/here.ts'

/** Whether a task is done, to be ticked by whoever may write. */
export function TaskBox({ task }: { readonly task: Entity<'task'> }) {
  const { space, canWrite } = useHere()
  const action = useAction()
  const { title = '', done = false } = task.fields
  return (
    <input
      type="checkbox"
      className="task-box"
      aria-label={`${title === '' ? 'Task' : title}: done`}
      checked={done}
      disabled={!canWrite || action.running}
      onChange={(event) => {
        const set = { done: event.target.checked }
        void action.run((cairn) => cairn.spaces.edit(space, [{ kind: 'task', id: task.id, set }]))
      }}
    />
  )
}
