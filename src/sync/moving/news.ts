import type { MoveRow } from './model.ts'

/** What a person's history says of a move: hosts, and `code` of what failed. */
export interface MovingNews {
  readonly kind:
    | 'moving.key-added'
    | 'moving.begun'
    /** an operation that changes where or whose the account is stands in the directory: `step` */
    | 'moving.identity'
    | 'moving.failed'
    | 'moving.done'
  readonly fields: Readonly<Record<string, unknown>>
  readonly level: 'info' | 'good' | 'warning' | 'bad'
}

/** Who goes where, as a history says it. */
export const movedBy = ({ kind, from, to }: MoveRow): MovingNews['fields'] => ({
  by: kind,
  from: from && new URL(from).host,
  to: new URL(to.pds).host,
  newHandle: to.handle,
})
