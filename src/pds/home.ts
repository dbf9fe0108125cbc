import { AccountError } from './account/errors.ts'
import type { Session } from './account/model.ts'
import { didMethod, fetchWebDocument } from './did-fetch.ts'
import { pdsOrigin, readDidDocument } from './did.ts'
import { PdsError } from './errors.ts'
import type { Network } from './network.ts'
import { currentPlcLog } from './plc/submit.ts'

/** Origin of the PDS that an account's identity names now; undefined when that cannot be found out. */
export async function homeOf(network: Network, plc: string, did: string): Promise<string | undefined> {
  try {
    if (didMethod(did) === 'web') return readDidDocument(did, await fetchWebDocument(network, did, {})).pds
    const { current } = (await currentPlcLog(network, plc, did)).log
    const service = current === 'tombstoned' ? undefined : current.services.get('atproto_pds')
    return service && pdsOrigin(service.endpoint)
  } catch (error) {
    if (error instanceof PdsError) return undefined
    throw error
  }
}

/**
 * What is written at a server that the account has left reaches nobody, and is gone when that server is.
 *
 * @param home where the account is by now; undefined: that cannot be found out
 * @throws AccountError `account.elsewhere`
 */
export function requireHome({ did, pds }: Pick<Session, 'did' | 'pds'>, home: string | undefined): void {
  if (home === undefined || home === pds) return
  throw new AccountError('account.elsewhere', { did, host: new URL(pds).host, home: new URL(home).host })
}
