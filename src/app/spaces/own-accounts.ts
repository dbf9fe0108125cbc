import type { ClaimedAccount } from '../../cairn/api.ts'
import { useAccount, useAccounts } from '../lib/accounts.ts'
import { useRepo, useRepos } from '../lib/reads.ts'
import { useLive } from '../lib/live.ts'
import { useHere } from './here.ts'

/** An account that may be this person's: one that is signed in to here, or whose repo is kept here. */
export interface OwnAccount {
  readonly did: string
  readonly handle: string | undefined
}

/** Those that one is signed in to first; undefined while they are being read. */
export function useOwnAccounts(): readonly OwnAccount[] | undefined {
  const { value: accounts } = useAccounts()
  const { value: repos } = useRepos()
  if (accounts === undefined || repos === undefined) return undefined
  const all = new Map<string, OwnAccount>()
  for (const { did, handle } of [...accounts, ...repos]) {
    const known = all.get(did)
    all.set(did, { did, handle: known?.handle ?? handle })
  }
  return [...all.values()]
}

/** What is still to be done before this device can write a record in this account's name. */
export type NeededToWrite = 'nothing' | 'sign-in' | 'copy'

export function useNeededToWrite(did: string): NeededToWrite {
  const { value: account } = useAccount(did)
  const { value: repo } = useRepo(did)
  if (account?.state !== 'active' || !account.may.includes('write')) return 'sign-in'
  // it goes into a copy that is kept here, and from there to the server
  return repo?.head === undefined ? 'copy' : 'nothing'
}

/** What the account would have to publish; undefined until it is known. */
export function useAccountRecord(did: string) {
  const { space } = useHere()
  return useLive(`account record ${space} ${did}`, (cairn) => cairn.spaces.accountRecord(space, did)).value
}

/** How a claim stands, in a sentence. `isSelf`: it is one's own. */
export function claimSentence({ proven, from, handle }: ClaimedAccount, isSelf: boolean): string {
  const whose = isSelf ? 'Your account' : 'Their account'
  if (!proven) {
    if (isSelf)
      return from === undefined
        ? 'You say that this account is yours. Its repository has not been read yet.'
        : 'You say that this account is yours. Its repository does not say so yet.'
    return 'They say that this account is theirs, which nothing proves.'
  }
  const by =
    from === 'copy'
      ? 'a copy of its repository that is kept here says so too'
      : 'its repository says so too, read from its own server and held against its signature'
  const name = handle === undefined ? 'Its handle could not be checked.' : ''
  return `${whose}: ${by}. ${name}`.trim()
}
