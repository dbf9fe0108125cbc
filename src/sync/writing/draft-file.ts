import type { Storage } from '../../storage/port.ts'
import { draftBytesKey } from './model.ts'

/** A file that a draft of this repo names; undefined when it came with none. */
export async function draftFile(storage: Storage, did: string, cid: string): Promise<Blob | undefined> {
  const key = draftBytesKey(did, cid)
  const [found] = await storage.byteKeys({ from: key, to: `${key}\u0000`, limit: 1 })
  return found === undefined ? undefined : storage.readBlob(key)
}
