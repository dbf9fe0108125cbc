import { PdsError } from '../../pds/errors.ts'
import { queryJson } from '../../pds/xrpc.ts'
import type { networkOf } from '../host.ts'
import { CONSENT, OFFER, PEER, type Published, readPublished, type StoredRecord } from './records.ts'

/** Records on a page, and pages of a collection: five hundred offers are more than anyone keeps. */
const PAGE = 100
const MAX_PAGES = 5
/** A page of records that are a few hundred bytes each; others may be there too. */
const MAX_PAGE_BYTES = 1 << 20

/** The records of one collection; undefined when they cannot be had, or not all of them. */
export type ReadCollection = (collection: string) => Promise<readonly StoredRecord[] | undefined>

/** All that an account has published, from wherever its records are read; undefined unless all of it is known. */
export async function readAllPublished(read: ReadCollection): Promise<Published | undefined> {
  const [offers, consents, peers] = await Promise.all([read(OFFER), read(CONSENT), read(PEER)])
  if (offers === undefined || consents === undefined || peers === undefined) return undefined
  return readPublished({ offers, consents, peers })
}

/**
 * Records as an account's own server lists them, for whoever asks. Its word alone: it is the one that writes them.
 *
 * @throws PdsError as any question to a PDS
 */
export const recordsOfServer =
  (network: ReturnType<typeof networkOf>, pds: string, did: string, signal: AbortSignal): ReadCollection =>
  async (collection) => {
    const out: StoredRecord[] = []
    let cursor: string | undefined
    for (let page = 0; page < MAX_PAGES; page++) {
      const params = { repo: did, collection, limit: PAGE, cursor }
      const answer = await queryJson(
        network,
        { service: pds, method: 'com.atproto.repo.listRecords', params },
        { signal, maxBytes: MAX_PAGE_BYTES },
      )
      const { records } = answer
      if (!Array.isArray(records) || records.length > PAGE)
        throw new PdsError('pds.bad-response', { host: new URL(pds).host, reason: 'records' })
      for (const record of records as unknown[]) {
        const { uri, value } = (record ?? {}) as { uri?: unknown; value?: unknown } // checked right below
        const rkey = typeof uri === 'string' ? uri.split('/').at(-1) : undefined
        if (rkey !== undefined) out.push({ rkey, value })
      }
      cursor = typeof answer['cursor'] === 'string' ? answer['cursor'] : undefined
      if (cursor === undefined || records.length < PAGE) return out
    }
    return undefined
  }
