import type { Subscription } from '../../pack/model.ts'
import type { PullAsk } from './model.ts'

/** It is not kept here, or not for the asker: the two look alike. */
export const revoked = ({ id, cursor }: PullAsk): Subscription => ({
  id,
  status: 'revoked',
  scopes: {},
  bootstrap: false,
  nextCursor: cursor,
  commits: [],
})

/** Nothing is newer here; with `bootstrap`, no list can be given. */
export const nothing = ({ id, cursor }: PullAsk, bootstrap: boolean): Subscription => ({
  id,
  status: 'active',
  scopes: { repo: id },
  bootstrap,
  nextCursor: cursor,
  commits: [],
})
