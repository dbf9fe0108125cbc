import { toBase32 } from '@atcute/multibase'
import * as v from 'valibot'
import { utf8 } from '../../core/bytes.ts'
import { isDid } from '../../core/syntax.ts'
import { isDeviceDid, parseSpace } from '../../repo/space/uri.ts'
import { digest } from '../crypto.ts'
import { PersonsError } from './errors.ts'

/** In the account's own, public repo. */
export const MEMBER_COLLECTION = 'app.cairn.space.member'
const RKEY_TAG = 'cairn.space.member-record.v1'

/** An account says that a person of some space is its owner. */
export interface MemberRecord {
  readonly $type: typeof MEMBER_COLLECTION
  /** `did:key` of the person */
  readonly person: string
  /** RFC 3339 */
  readonly createdAt: string
}

/** A person of a space, who claims an account: `account` of their profile, in the space. */
export interface Claim {
  readonly space: string
  /** `did:key` */
  readonly person: string
  /** DID of the account */
  readonly account: string
}

/** A record as it was found. The caller has seen to it that it is in this repo now. */
export interface FoundRecord {
  /** DID of the repo */
  readonly repo: string
  readonly collection: string
  readonly rkey: string
  /** as JSON has it */
  readonly value: unknown
}

/**
 * - `proven`: person and account name each other
 * - `absent`: there is no record
 * - `elsewhere`: it is of another account, collection or record key than the claim's
 * - `malformed`: it is no such record
 * - `other-person`: it names another
 */
export type AccountProof = 'proven' | 'absent' | 'elsewhere' | 'malformed' | 'other-person'

/** The record to write, at `memberRecordKey`. Throws PersonsError `persons.invalid`. */
export function memberRecord(person: string, now: number): MemberRecord {
  if (!isDeviceDid(person)) throw new PersonsError('persons.invalid', { what: 'person' })
  return { $type: MEMBER_COLLECTION, person, createdAt: new Date(now).toISOString() }
}

/**
 * The one record key for a person of a space: 52 characters, a hash. Whoever does not know the space's URI learns from
 * it no more than that there is a space.
 *
 * @throws PersonsError `persons.invalid`
 */
export async function memberRecordKey({ space, person }: Pick<Claim, 'space' | 'person'>): Promise<string> {
  if (parseSpace(space) === undefined) throw new PersonsError('persons.invalid', { what: 'space' })
  if (!isDeviceDid(person)) throw new PersonsError('persons.invalid', { what: 'person' })
  return toBase32(await digest(utf8(`${RKEY_TAG}\0${space}\0${person}`)))
}

/** `at://` URI of the record that proves a claim. Throws PersonsError `persons.invalid`. */
export async function memberRecordUri(claim: Claim): Promise<string> {
  if (!isDid(claim.account)) throw new PersonsError('persons.invalid', { what: 'account' })
  return `at://${claim.account}/${MEMBER_COLLECTION}/${await memberRecordKey(claim)}`
}

/** Newer fields are let be: the record is in a public repo, where others may add to it. */
const shape = v.object({
  $type: v.literal(MEMBER_COLLECTION),
  person: v.pipe(v.string(), v.check(isDeviceDid)),
  createdAt: v.pipe(
    v.string(),
    v.maxLength(64),
    v.check((it) => !Number.isNaN(Date.parse(it))),
  ),
})

/**
 * Whether the record that was found proves the claim. Only both together prove anything: the record alone may be a
 * copy in a stranger's repo, the claim alone a boast.
 *
 * @throws PersonsError `persons.invalid` for a claim that is none
 */
export async function checkMemberRecord(claim: Claim, found: FoundRecord | undefined): Promise<AccountProof> {
  const uri = await memberRecordUri(claim)
  if (found === undefined) return 'absent'
  if (`at://${found.repo}/${found.collection}/${found.rkey}` !== uri) return 'elsewhere'
  const record = v.safeParse(shape, found.value)
  if (!record.success) return 'malformed'
  return record.output.person === claim.person ? 'proven' : 'other-person'
}
