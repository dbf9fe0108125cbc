import type { WriteOp } from '../port.ts'
import { under } from './rows.ts'

/** Everything of all repos of a space, what lies aside too. */
export const dropSpaceOps = (space: string): WriteOp[] =>
  ['', '!'].flatMap((aside): WriteOp[] => [
    ...['head', 'state', 'take', 'held', 'aside'].map((kind): WriteOp => ({
      type: 'delete-range',
      table: 'space-repos',
      ...under(`${kind}/${aside}${space}`),
    })),
    ...['', '%', '=', '+', '-'].map((mark): WriteOp => ({
      type: 'delete-range',
      table: 'space-records',
      ...under(`${mark}${aside}${space}`),
    })),
  ])
