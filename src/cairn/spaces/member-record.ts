import { CairnError } from '../../core/errors.ts'
import { collect } from '../../pds/body.ts'
import { createIdentityResolver } from '../../pds/identity.ts'
import { queryStream } from '../../pds/xrpc.ts'
import { toJson } from '../../repo/json.ts'
import { verifyProofCar } from '../../repo/proof.ts'
import { verifySignature } from '../../repo/signature.ts'
import {
  type AccountProof,
  checkMemberRecord,
  type Claim,
  type FoundRecord,
  MEMBER_COLLECTION,
  memberRecordKey,
} from '../../spaces/persons/account.ts'
import { networkOf } from '../../sync/host.ts'
import { readSettings } from '../settings.ts'
import type { SpacesContext } from './parts.ts'

/** A proof of one record: its path through a tree of any size is far smaller, bytes. */
const MAX_PROOF = 1 << 20

type Context = Pick<SpacesContext, 'host' | 'library'>

/** What came of looking. */
export interface LookedUp {
  readonly proof: AccountProof
  /** that leads to the account and that the account claims, checked now, or when the copy was made */
  readonly handle: string | undefined
  /** its own server, or a copy that is kept here */
  readonly from: 'server' | 'copy'
}

/**
 * Whether an account's own repo says that it is this person's: from its server, proven up to the account's signature;
 * while that cannot be reached, from a copy that is kept here.
 *
 * @throws CairnError: neither could be read
 */
export async function proofOf(context: Context, claim: Claim, signal: AbortSignal): Promise<LookedUp> {
  const rkey = await memberRecordKey(claim)
  try {
    const { record, handle } = await fetchRecord(context, claim.account, rkey, signal)
    return { proof: await checkMemberRecord(claim, record), handle, from: 'server' }
  } catch (cause) {
    if (!(cause instanceof CairnError)) throw cause
    const record = await keptRecord(context, claim.account, rkey, cause)
    const handle = (await context.library.get(claim.account))?.handle
    return { proof: await checkMemberRecord(claim, record), handle, from: 'copy' }
  }
}

/** A record, or that there is none: both are proven by what the account has signed. And the handle, as far as it holds. */
async function fetchRecord(
  { host }: Context,
  repo: string,
  rkey: string,
  signal: AbortSignal,
): Promise<{ readonly record: FoundRecord | undefined; readonly handle: string | undefined }> {
  const { endpoints } = await readSettings(host.storage)
  const network = networkOf(host, endpoints)
  const identity = await createIdentityResolver({ ...network, endpoints }).resolve(repo, { signal })
  const { pds, currentKey } = identity
  if (pds === undefined || currentKey === undefined) throw new CairnError('spaces.account', { did: repo })
  const params = { did: repo, collection: MEMBER_COLLECTION, rkey }
  const { body } = await queryStream(
    network,
    { service: pds, method: 'com.atproto.sync.getRecord', params },
    { signal, accept: 'application/vnd.ipld.car', maxBytes: MAX_PROOF },
  )
  const car = await collect(body)
  const path = `${MEMBER_COLLECTION}/${rkey}`
  const { commit, value } = verifyProofCar({ car, path, did: repo, sha256: host.sha256 })
  if ((await verifySignature(currentKey, commit.sig, commit.unsigned)) !== 'valid')
    throw new CairnError('spaces.account', { did: repo })
  const found = { repo, collection: MEMBER_COLLECTION, rkey }
  return {
    record: value === undefined ? undefined : { ...found, value: toJson(value) },
    handle: identity.handleVerified ? identity.handle : undefined,
  }
}

/** The same out of a copy, which may be older than what the account says by now. Throws `cause` where none is kept. */
async function keptRecord(
  { library }: Context,
  repo: string,
  rkey: string,
  cause: CairnError,
): Promise<FoundRecord | undefined> {
  try {
    const { value, proof } = await library.record(repo, `${MEMBER_COLLECTION}/${rkey}`)
    if (proof.valid) return { repo, collection: MEMBER_COLLECTION, rkey, value }
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
    if (error.code === 'sync.no-such-record') return undefined
  }
  throw cause
}
