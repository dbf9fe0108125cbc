import type { Account, Pds } from './client.ts'
import { create } from './seed.ts'

/** A repo of 6 MB: several segments of about 1 MB. */
export const PAGES = 500
const PAGE_BYTES = 12_000
export const HEAVY_BYTES = PAGES * PAGE_BYTES

/** A request to the PDS is at most 150 KB. */
const BATCH = 10

/** Text that does not compress, so that bytes on the wire are bytes of the repo. */
export function noise(seed: number, length: number): string {
  let state = seed * 2_654_435_761 + 1
  let text = ''
  while (text.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    text += state.toString(36)
  }
  return text.slice(0, length)
}

export const pageText = (index: number): string => noise(index + 1, PAGE_BYTES)
export const pageKey = (index: number): string => `page${String(index).padStart(4, '0')}`

/** An account of {@link PAGES} large records of a lexicon that no one knows. */
export async function heavyAccount(pds: Pds, handle: string): Promise<Account> {
  const account = await pds.call('createAccount', { handle })
  for (let from = 0; from < PAGES; from += BATCH) {
    const writes = Array.from({ length: BATCH }, (_, i) =>
      create('com.example.page', pageKey(from + i), { text: pageText(from + i) }),
    )
    await pds.call('applyWrites', { did: account.did, writes })
  }
  return account
}
