import type { Account, Accounts, LeavingAccount } from '../../cairn/api.ts'
import { CairnError } from '../../core/errors.ts'
import { JUN, MIRELA, NOW } from './story-data.ts'
import type { Note } from './story-network.ts'

export interface AccountsStory {
  readonly list?: readonly Account[]
  readonly leaving?: readonly LeavingAccount[]
  /** what every sign-in fails with, as code and fields */
  readonly fails?: readonly [string, Record<string, unknown>]
}

/** One account in use, and one whose server has ended the session. */
export const ACCOUNTS: readonly Account[] = [
  {
    did: MIRELA,
    handle: 'mirela.example',
    pds: 'https://pds.example.org',
    by: 'oauth',
    ownPassword: false,
    state: 'active',
    may: ['write', 'agreements'],
    signedInAt: NOW - 2 * 3_600_000,
  },
  {
    did: JUN,
    handle: 'jun.example',
    pds: 'https://morel.example.net',
    by: 'password',
    ownPassword: false,
    state: 'expired',
    may: ['write'],
    signedInAt: NOW - 40 * 86_400_000,
  },
]

/** Accounts that are there; what changes them is only noted. Passwords are not noted. */
export function storyAccounts(note: Note, { list = [], leaving = [], fails }: AccountsStory): Accounts {
  const fail = (): void => {
    if (fails !== undefined) throw new CairnError(...fails)
  }
  const [first = ACCOUNTS[0]] = list
  if (first === undefined) throw new Error('the story has no accounts')
  return {
    list: async () => list,
    leaving: async () => leaving,
    async begin(who, options) {
      await note('begin', undefined)(who, options)
      fail()
      // stays where it is
      return { url: '#signing-in', host: 'pds.example.org' }
    },
    async finish(answer) {
      await note('finish', undefined)(answer)
      fail()
      return { account: first, back: undefined, lacking: [] }
    },
    async signInWithPassword({ who }) {
      await note('signInWithPassword', undefined)(who)
      fail()
      return first
    },
    signOut: note('signOut', { told: true }),
  }
}
