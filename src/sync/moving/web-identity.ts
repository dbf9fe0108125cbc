import { didWebUrl, fetchWebDocument } from '../../pds/did-fetch.ts'
import { readDidDocument } from '../../pds/did.ts'
import { PdsError } from '../../pds/errors.ts'
import type { Moving, StepOutcome } from './context.ts'
import { type StateChange, webDocument } from './identity-state.ts'

/**
 * Asks for a document to be published, or finds that it was. Nobody but the person can put it there.
 *
 * @returns undefined once the published document says all of it
 */
export async function webIdentity(
  { did, network, signal }: Moving,
  change: Pick<StateChange, 'signingKey' | 'pds' | 'handle'>,
): Promise<StepOutcome | undefined> {
  let published: unknown
  try {
    published = await fetchWebDocument(network, did, { signal })
    const { key, pds, handles } = readDidDocument(did, published)
    const same =
      key === change.signingKey && pds === new URL(change.pds).origin && handles[0] === change.handle
    if (same) return undefined
  } catch (error) {
    signal.throwIfAborted()
    // A host that is down, or has something else there, is where the document is to be put.
    if (!(error instanceof PdsError)) throw error
  }
  const url = didWebUrl(did, network.allowLocal)
  return { waits: { for: 'document', document: webDocument(did, published, change), url } }
}
