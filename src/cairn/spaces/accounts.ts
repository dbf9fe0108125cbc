import { personTag } from '../../spaces/content/ids.ts'
import { memberRecord, memberRecordUri } from '../../spaces/persons/account.ts'
import type { Vault } from '../../spaces/vault/model.ts'
import type { ClaimedAccount } from '../space-model.ts'
import type { Spaces } from '../spaces-api.ts'
import { proofOf } from './member-record.ts'
import { quietly, type SpacesContext } from './parts.ts'
import type { OpenSpaces } from './service.ts'
import { selfOf } from './summary.ts'

/** A proof holds so long: a record can be taken back, ms. */
const HOLDS = 60 * 60_000
/** After one that there is not, or that could not be had, ms. */
const AGAIN = 5 * 60_000
/** Accounts that are looked at, at once, and that are remembered. */
const AT_ONCE = 4
const REMEMBERED = 1000

/** What is known of a person's claim. */
export type ProvenAccount = Pick<ClaimedAccount, 'proven' | 'handle' | 'from' | 'checkedAt'>

const UNKNOWN: ProvenAccount = { proven: false, handle: undefined, from: undefined, checkedAt: undefined }

/** Which persons of a space are the accounts that they say they are, as far as was looked. */
export interface AccountProofs {
  /** The answer that is at hand; an older one, or none, has it looked at again. */
  of(person: string): ProvenAccount
  /** Looks now; resolves with what was found. Throws CairnError where neither server nor copy could be read. */
  check(person: string): Promise<ProvenAccount>
  close(): void
}

export function createAccountProofs(
  context: Pick<SpacesContext, 'host' | 'library' | 'net'>,
  vault: Vault,
  onChange: () => void,
): AccountProofs {
  const { clock } = context.host
  const over = new AbortController()
  const known = new Map<string, { readonly answer: ProvenAccount; readonly until: number }>()
  const waiting = new Map<string, () => Promise<unknown>>()
  let running = 0

  const begin = (): void => {
    for (const [key, work] of waiting) {
      if (running >= AT_ONCE) return
      waiting.delete(key)
      running++
      quietly(
        work().finally(() => {
          running--
          begin()
        }),
      )
    }
  }
  const claimOf = (person: string): { readonly key: string; readonly account: string } | undefined => {
    const account = vault.content.get('profile', personTag(person))?.fields.account
    return typeof account === 'string' ? { key: `${person} ${account}`, account } : undefined
  }
  const look = async (key: string, person: string, account: string): Promise<ProvenAccount> => {
    const before = known.get(key)?.answer ?? UNKNOWN
    let answer = before
    let until = clock.now() + AGAIN
    try {
      const claim = { space: vault.row.space, person, account }
      const { proof, handle, from } = await proofOf(context, claim, over.signal)
      const proven = proof === 'proven'
      answer = { proven, handle: proven ? handle : undefined, from, checkedAt: clock.now() }
      if (proven) until = clock.now() + HOLDS
    } finally {
      known.delete(key)
      known.set(key, { answer, until })
      const [oldest] = known.keys()
      if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest)
    }
    if (answer !== before) onChange()
    return answer
  }

  return {
    of(person) {
      const claim = claimOf(person)
      if (claim === undefined) return UNKNOWN
      const { key, account } = claim
      const at = known.get(key)
      // A person who has no network on asks nobody.
      const isOff = context.net() === undefined || over.signal.aborted
      if (!isOff && (at === undefined || at.until <= clock.now()) && !waiting.has(key)) {
        // Until then it is not asked for once more.
        known.set(key, { answer: at?.answer ?? UNKNOWN, until: clock.now() + AGAIN })
        waiting.set(key, () => look(key, person, account))
        begin()
      }
      return at?.answer ?? UNKNOWN
    },
    async check(person) {
      const claim = claimOf(person)
      return claim === undefined ? UNKNOWN : look(claim.key, person, claim.account)
    },
    close: () => over.abort(),
  }
}

/** A person's claim to an account, and what they would have to publish for it to be proven. */
export function accountActions({
  use,
  context,
}: OpenSpaces): Pick<Spaces, 'setAccount' | 'accountRecord' | 'checkAccount'> {
  return {
    async setAccount(space, did) {
      const it = await use(space)
      const id = personTag(selfOf(it.vault))
      await it.edit([{ kind: 'profile', id, set: { account: did ?? null } }])
    },
    async checkAccount(space, person) {
      return (await (await use(space)).accounts.check(person)).proven
    },
    async accountRecord(space, account) {
      const { vault } = await use(space)
      const person = selfOf(vault)
      const uri = await memberRecordUri({ space, person, account })
      const [, , , collection = '', rkey = ''] = uri.split('/')
      return { uri, collection, rkey, value: { ...memberRecord(person, context.host.clock.now()) } }
    },
  }
}
