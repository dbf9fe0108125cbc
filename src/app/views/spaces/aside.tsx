import { Pin } from 'lucide-react'
import type { Entity } from '../../../cairn/api.ts'
import { Stones } from '../../components/stones.tsx'
import { useLive } from '../../lib/live.ts'
import { spaceHref } from '../../lib/routes.ts'
import { groupStones, groupSentence } from '../../spaces/group-copies.ts'
import { useHere } from '../../spaces/here.ts'
import { itemHref, itemTitle, kindWord } from '../../spaces/items.ts'
import { aboutItems, useEntities, useGroupCopies } from '../../spaces/reads.ts'
import { TaskBox } from './tasks/task-box.tsx'

const SHOWN_TASKS = 4

/** What is worth a glance beside the posts: pins, open tasks, and who keeps whose copies. */
export function SpaceAside() {
  return (
    <div className="aside">
      <Pinned />
      <OpenTasks />
      <Backups />
    </div>
  )
}

function Pinned() {
  const { space, detail } = useHere()
  const { pins } = detail
  const { value: items } = useLive(
    `pinned ${space} ${pins.join(' ')}`,
    async (cairn) => {
      const found = await Promise.all(pins.map((item) => cairn.spaces.entity(space, item)))
      return found.filter((each): each is Entity => each !== undefined && !each.deleted && !each.hidden)
    },
    aboutItems(space, (item) => pins.includes(item)),
  )
  if (items === undefined || items.length === 0) return null
  return (
    <section className="card" aria-labelledby="aside-pins">
      <h2 id="aside-pins">Pinned</h2>
      <ul className="stack-tight">
        {items.map((entity) => {
          const item = `${entity.kind}/${entity.id}`
          return (
            <li key={item} className="pinned">
              <Pin size={14} aria-hidden="true" />
              <a href={itemHref(space, item) ?? spaceHref(space)} dir="auto">
                {itemTitle(entity)}
              </a>
              <span className="hidden-text">, {kindWord(item)}</span>
            </li>
          )
        })}
      </ul>
    </section>
  )
}

function OpenTasks() {
  const { space } = useHere()
  const { value: tasks } = useEntities(space, 'task')
  const open = (tasks ?? []).filter(({ fields }) => fields.done !== true)
  if (open.length === 0) return null
  return (
    <section className="card" aria-labelledby="aside-tasks">
      <h2 id="aside-tasks">
        <a href={spaceHref(space, 'tasks')}>Tasks</a>
      </h2>
      <ul>
        {open.slice(0, SHOWN_TASKS).map((task) => (
          <li key={task.id} className="aside-task">
            <TaskBox task={task} />
            <span dir="auto">{task.fields.title}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Backups() {
  const { space, detail } = useHere()
  const { value: copies } = useGroupCopies(space)
  if (!detail.backup || copies === undefined || copies.length === 0) return null
  return (
    <section className="card" aria-labelledby="aside-backup">
      <div className="copies">
        <Stones size={52} stones={groupStones(copies)} />
        <div>
          <h2 id="aside-backup">
            <a href={spaceHref(space, 'backup')}>Backups</a>
          </h2>
          <p className="small">{groupSentence(copies)}</p>
        </div>
      </div>
    </section>
  )
}
