import type { Entity } from '../../../../cairn/api.ts'

export type TaskFilter = 'open' | 'mine' | 'done' | 'all'

export const FILTERS: readonly (readonly [name: TaskFilter, label: string])[] = [
  ['open', 'Open'],
  ['mine', 'Mine'],
  ['done', 'Done'],
  ['all', 'All'],
]

/** Whether a task shows; `mine` are those of this person that are open. */
export function passes(
  filter: TaskFilter,
  { fields }: Pick<Entity<'task'>, 'fields'>,
  self: string,
): boolean {
  const done = fields.done === true
  switch (filter) {
    case 'open':
      return !done
    case 'mine':
      return !done && fields.assignee === self
    case 'done':
      return done
    case 'all':
      return true
  }
}
