import type { Storage } from '../../storage/port.ts'

const key = (did: string): string => `unlisted/${did}`

/** Whether our copy of a repo is announced; it is, unless a person has said otherwise. */
export async function isListed(storage: Storage, did: string): Promise<boolean> {
  return (await storage.get('network', key(did))) === undefined
}

export async function setListed(storage: Storage, did: string, listed: boolean): Promise<void> {
  await storage.write([
    listed
      ? { type: 'delete', table: 'network', key: key(did) }
      : { type: 'put', table: 'network', key: key(did), value: true },
  ])
}

/** Of a repo that is gone nothing was said. */
export const forgetListed = (storage: Storage, did: string): Promise<void> => setListed(storage, did, true)
