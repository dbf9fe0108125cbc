import type { AccountStore } from '../../pds/account/model.ts'
import type { Storage } from '../../storage/port.ts'

const TABLE = 'accounts'
/** Past the end of all keys that begin with the prefix: keys are ASCII. */
const AFTER = '\u007f'

/** The table of sign-ins. Each write is on disk when it ends: a used token that comes back would end the session. */
export const accountStore = (storage: Storage): AccountStore => ({
  get: (key) => storage.get(TABLE, key),
  list: (prefix) => storage.list(TABLE, { from: prefix, to: prefix + AFTER }),
  write: (changes) =>
    storage.write(
      changes.map(({ key, value }) =>
        value === undefined
          ? { type: 'delete', table: TABLE, key }
          : { type: 'put', table: TABLE, key, value },
      ),
    ),
  lock: (name, work) => storage.lock(name, { mode: 'exclusive' }, work),
})
