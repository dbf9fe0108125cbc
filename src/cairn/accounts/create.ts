import type { Sessions } from '../../pds/account/model.ts'
import type { Host } from '../../sync/host.ts'
import type { Accounts } from '../account-model.ts'
import { methodsOf } from '../remote-methods.ts'
import type { AccountService } from './service.ts'

export interface AccountRoom {
  readonly api: Accounts
  /** for all that acts in an account's name */
  readonly sessions: Sessions
  /** Tells servers what they were not told before. */
  start(): Promise<void>
  /** Signs everyone out, before everything here is deleted; servers out of reach are not waited for. */
  leaveAll(): Promise<void>
  close(): void
}

/**
 * Who is signed in on this device. What does the work is loaded on first use: most who keep copies never sign in.
 *
 * @param app web origin of the app; undefined where there is none to come back to
 * @param changed told when anyone was signed in or out
 */
export function createAccountRoom(host: Host, app: string | undefined, changed: () => void): AccountRoom {
  let opening: Promise<AccountService> | undefined
  let closed = false

  const open = async (): Promise<AccountService> => {
    const { createAccountService } = await import('./service.ts')
    const service = createAccountService(host, app, changed)
    if (closed) service.close()
    return service
  }
  const service = async (): Promise<AccountService> => {
    opening ??= open()
    try {
      return await opening
    } catch (error) {
      // its script did not come: the next call asks again
      opening = undefined
      throw error
    }
  }
  const holds = async (prefix: string, end: string): Promise<boolean> =>
    (await host.storage.keys('accounts', { from: prefix, to: end, limit: 1 })).length > 0

  const methods = methodsOf('accounts').map((name) => [
    name,
    async (...args: unknown[]) => {
      const { api } = await service()
      // `methodsOf` lists exactly the methods of the room, checked by the compiler where it is written
      return (api as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>)[name]?.(...args)
    },
  ])

  return {
    api: Object.fromEntries(methods) as Accounts,
    sessions: {
      list: async () => (await service()).sessions.list(),
      of: async (did) => (await service()).sessions.of(did),
      require: async (did, what) => (await service()).sessions.require(did, what),
    },
    async start() {
      if (await holds('leaving/', 'leaving0')) (await service()).start()
    },
    async leaveAll() {
      if (await holds('did:', 'did;')) await (await service()).leaveAll()
    },
    close() {
      closed = true
      // when it did not open there is nothing to close
      opening?.then((opened) => opened.close()).catch(() => {})
    },
  }
}
