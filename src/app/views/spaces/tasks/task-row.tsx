import { GripVertical } from 'lucide-react'
import { useState, type KeyboardEvent, type PointerEvent } from 'react'
import type { Entity } from '../../../../cairn/api.ts'
import { useNow } from '../../../lib/live.ts'
import { dueDay } from '../../../spaces/field-words.ts'
import { useHere } from '../../../spaces/here.ts'
import { PersonAvatar } from '../parts/person-avatar.tsx'
import { UnsentPill } from '../parts/unsent-pill.tsx'
import { TaskEditor } from './task-editor.tsx'
import { TaskBox } from './task-box.tsx'

interface TaskRowProps {
  readonly task: Entity<'task'>
  readonly index: number
  /** rows that are shown */
  readonly count: number
  /** all that pass the filter */
  readonly total: number
  /** its address was opened */
  readonly isOpen: boolean
  /** how the drag that is under way concerns it: it is held, or what is held goes before or after it */
  readonly drag: 'held' | 'before' | 'after' | undefined
  readonly onMove: (to: number) => void
  readonly onHold: (event: PointerEvent<HTMLElement>) => void
}

/** One task. It is moved by its handle: dragged, or with the arrow keys when the handle has the focus. */
export function TaskRow({ task, index, count, total, isOpen, drag, onMove, onHold }: TaskRowProps) {
  const { canWrite, nameOf } = useHere()
  const [editing, setEditing] = useState(isOpen)
  const { title = '', done = false, assignee, due } = task.fields
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowUp: index - 1,
      ArrowDown: index + 1,
      Home: 0,
      End: count - 1,
    }
    const to = steps[event.key]
    if (to === undefined) return
    event.preventDefault()
    onMove(to)
  }
  return (
    <li className={drag === undefined ? 'task' : `task ${drag}`}>
      {canWrite && (
        <button
          type="button"
          className="icon-btn small-icon handle"
          aria-label={`Move ${title}, place ${index + 1} of ${total}. Arrow keys move it.`}
          onKeyDown={onKeyDown}
          onPointerDown={onHold}
        >
          <GripVertical size={16} />
        </button>
      )}
      <TaskBox task={task} />
      <div className="task-main">
        <button
          type="button"
          className={done ? 'task-title done' : 'task-title'}
          aria-expanded={editing}
          onClick={() => setEditing(!editing)}
        >
          <bdi>{title === '' ? 'Without a title' : title}</bdi>
        </button>
        <span className="line small task-facts">
          {task.unsent && <UnsentPill since={task.changedAt} />}
          {typeof due === 'string' && <Due due={due} done={done} />}
          {typeof assignee === 'string' && (
            <span className="who">
              <PersonAvatar person={assignee} size={24} />
              <bdi>{nameOf(assignee)}</bdi>
            </span>
          )}
        </span>
      </div>
      {editing && <TaskEditor task={task} onDone={() => setEditing(false)} />}
    </li>
  )
}

function Due({ due, done }: { readonly due: string; readonly done: boolean }) {
  // `YYYY-MM-DD` of here, which sorts as the due day does
  const today = new Date(useNow()).toLocaleDateString('sv')
  const late = !done && due < today
  return (
    <span className={late ? 'pill bad' : 'pill quiet'}>
      <time dateTime={due}>
        {late ? 'was due' : 'due'} {dueDay(due)}
      </time>
    </span>
  )
}
