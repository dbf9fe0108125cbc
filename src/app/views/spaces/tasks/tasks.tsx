import { useMemo, useRef, useState } from 'react'
import { placeEdits } from '../../../../spaces/content/order.ts'
import { Empty, Loading } from '../../../components/bits.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { useHere } from '../../../spaces/here.ts'
import { useEntities } from '../../../spaces/reads.ts'
import { ShowMore, useSteps } from '../../../spaces/use-steps.tsx'
import { type RowDrag, useRowDrag } from '../../../spaces/use-row-drag.ts'
import { useMarkSeen } from '../../../spaces/use-mark-seen.ts'
import '../../../styles/spaces-posts.css'
import '../../../styles/spaces-tasks.css'
import { AddTask } from './add-task.tsx'
import { FILTERS, passes, type TaskFilter } from './filter.ts'
import { TaskRow } from './task-row.tsx'

/** Rows before the rest is asked for. */
const STEP = 100

/** What the group wants done, in an order that anyone may change. */
export function Tasks({ open }: { readonly open: string | undefined }) {
  const { space, detail, canWrite } = useHere()
  const { value: all, error } = useEntities(space, 'task')
  const [filter, setFilter] = useState<TaskFilter>('open')
  const [said, setSaid] = useState('')
  const move = useAction()
  useMarkSeen('tasks', all)
  const shown = useMemo(
    () => (all ?? []).filter((task) => task.id === open || passes(filter, task, detail.person)),
    [all, filter, open, detail.person],
  )
  const steps = useSteps(shown, STEP, { upTo: shown.findIndex((task) => task.id === open) })
  /** Puts a task where the one at this place of the shown list is. */
  const moveTo = (id: string, to: number) => {
    if (all === undefined || to < 0 || to >= shown.length) return
    const others = all.filter((task) => task.id !== id)
    const from = shown.findIndex((task) => task.id === id)
    const neighbour = shown[to]
    if (neighbour === undefined || neighbour.id === id) return
    // among all tasks, those that the filter hides too
    const at = others.findIndex((task) => task.id === neighbour.id)
    const edits = placeEdits(all, { kind: 'task', id }, from < to ? at + 1 : at)
    setSaid(`Moved to place ${to + 1} of ${shown.length}.`)
    void move.run((cairn) => cairn.spaces.edit(space, edits))
  }
  const list = useRef<HTMLOListElement>(null)
  const drag = useRowDrag(list, (from, to) => moveTo(shown[from]?.id ?? '', to))
  return (
    <div className="stack">
      {canWrite && all !== undefined && <AddTask tasks={all} />}
      <div className="toolbar task-tools">
        <div className="segments" role="group" aria-label="Show">
          {FILTERS.map(([name, label]) => (
            <button key={name} type="button" aria-pressed={name === filter} onClick={() => setFilter(name)}>
              {label}
            </button>
          ))}
        </div>
        <span className="hidden-text" role="status">
          {said}
        </span>
      </div>
      {error !== undefined && all === undefined && <ErrorNote error={error} />}
      {move.error !== undefined && <ErrorNote error={move.error} />}
      {all === undefined && error === undefined && <Loading label="Reading the tasks" />}
      {all !== undefined && shown.length === 0 && (
        <div className="card">
          {all.length === 0 ? (
            <Empty title="Nothing to do">
              {canWrite
                ? 'Add the first task above; give it to someone, or a day.'
                : 'Tasks of the group are shown here.'}
            </Empty>
          ) : (
            <Empty title="Nothing here">
              {filter === 'open' ? 'Everything is done.' : 'No task is like that. Others are under All.'}
            </Empty>
          )}
        </div>
      )}
      {shown.length > 0 && (
        <ol ref={list} className="card rows tasks" aria-label="Tasks">
          {steps.shown.map((task, index) => (
            <TaskRow
              key={task.id}
              task={task}
              index={index}
              count={steps.shown.length}
              total={shown.length}
              isOpen={task.id === open}
              drag={dragOf(drag, index)}
              onMove={(to) => moveTo(task.id, to)}
              onHold={(event) => drag.begin(event, index)}
            />
          ))}
        </ol>
      )}
      <ShowMore steps={steps} />
    </div>
  )
}

function dragOf({ from, to }: RowDrag, index: number): 'held' | 'before' | 'after' | undefined {
  if (from === undefined || to === undefined) return undefined
  if (index === from) return 'held'
  return index !== to ? undefined : to < from ? 'before' : 'after'
}
