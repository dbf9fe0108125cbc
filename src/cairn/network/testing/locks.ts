import type { Locks } from '../leadership.ts'

/** Real locks that only the contexts of one device share. */
export const locksOf = (device: string): Locks => ({
  // both overloads end in the same arguments
  request: ((name: string, ...rest: [LockOptions, LockGrantedCallback<unknown>]) =>
    navigator.locks.request(`${device}/${name}`, ...rest)) as Locks['request'],
  async query() {
    const { held = [], pending = [] } = await navigator.locks.query()
    const own = (all: readonly LockInfo[]): LockInfo[] =>
      all.flatMap(({ name = '', ...rest }) =>
        name.startsWith(`${device}/`) ? [{ ...rest, name: name.slice(device.length + 1) }] : [],
      )
    return { held: own(held), pending: own(pending) }
  },
})
