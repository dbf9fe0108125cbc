import { toHex } from '../../core/bytes.ts'
import type { InnerPlace } from '../content/model.ts'
import { SpacesError } from '../errors.ts'
import { openRecord, parseSealedRecord } from '../sealing/record.ts'
import type { Keyring } from './keyring.ts'

/** A sealed record as it came out. */
export type Opened =
  | { readonly is: 'open'; readonly place: InnerPlace; readonly value: Uint8Array }
  /** for the key of this epoch */
  | { readonly is: 'waits'; readonly epoch: string }
  | { readonly is: 'bad'; readonly error: SpacesError }

/** Opens what stands at a place of a repo with the keys that are here. Never throws for what its author wrote. */
export async function openSealed(
  keyring: Keyring,
  place: { readonly space: string; readonly author: string; readonly rkey: string },
  record: Uint8Array,
): Promise<Opened> {
  try {
    const sealed = parseSealedRecord(record)
    const epoch = toHex(sealed.epoch)
    const key = keyring.get(epoch)
    if (key === undefined) return { is: 'waits', epoch }
    const { collection, rkey, value } = await openRecord(place, key, sealed)
    return { is: 'open', place: { collection, rkey }, value }
  } catch (error) {
    if (error instanceof SpacesError) return { is: 'bad', error }
    throw error
  }
}
