import { hasCode } from '../core/errors.ts'
import type { Storage } from '../storage/port.ts'
import { ifKept } from './kept.ts'

/** Names a repo whose blobs are being fetched: what is cut off goes on at the next start. */
export const blobsDueKey = (did: string): string => `blobs/${did}`

const PREFIX = blobsDueKey('')

/** Repos whose blobs were being fetched when all stopped. */
export async function blobsDue(storage: Storage): Promise<string[]> {
  const keys = await storage.keys('meta', { from: PREFIX, to: 'blobs0' })
  return keys.map((key) => key.slice(PREFIX.length))
}

export async function noteBlobsDue(storage: Storage, did: string): Promise<void> {
  try {
    await storage.write([{ type: 'put', table: 'meta', key: blobsDueKey(did), value: true }], {
      durability: 'relaxed',
      guards: [ifKept(did)],
    })
  } catch (error) {
    // Not kept, or no room for a note: whoever fetches finds out.
    if (!hasCode(error, 'storage.conflict') && !hasCode(error, 'storage.quota')) throw error
  }
}

/** They are here, or whoever asked for them knows why not, or wants them no more. */
export const clearBlobsDue = (storage: Storage, did: string): Promise<void> =>
  storage.write([{ type: 'delete', table: 'meta', key: blobsDueKey(did) }], { durability: 'relaxed' })
