import { StorageError } from './errors.ts'
import type { Storage } from './port.ts'

const nothing = async (): Promise<never> => {
  throw new StorageError('storage.segment-gone', { key: 'nowhere' })
}

/** A storage that takes everything and keeps nothing: for a rehearsal. */
export const nowhere: Storage = {
  get: async () => undefined,
  getMany: async (_table, keys) => keys.map(() => undefined),
  list: async () => [],
  keys: async () => [],
  count: async () => 0,
  write: async () => {},
  readBytes: nothing,
  readRanges: nothing,
  readBlob: nothing,
  byteKeys: async () => [],
  lock: (_name, _options, work) => work(true),
  estimate: async () => ({ usage: 0, quota: undefined }),
  onLost: () => () => {},
  close: async () => {},
  destroy: async () => {},
}
