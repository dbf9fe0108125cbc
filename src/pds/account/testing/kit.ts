import { accountStore } from '../../../cairn/accounts/store.ts'
import type { Storage } from '../../../storage/port.ts'
import { withLevel } from '../../../storage/testing/node-host.ts'
import { createIdentityResolver } from '../../identity.ts'
import { documentOf, makeKey, startLog } from '../../testing/plc-maker.ts'
import { createWorld, type World } from '../../testing/world.ts'
import { createAccountParts, type AccountParts } from '../create.ts'
import { CairnError } from '../../../core/errors.ts'
import { startAuthServer, type AuthServer } from './auth-server.ts'

export const PLC = 'https://plc.cairn-test.org'
export const DOH = 'https://dns.cairn-test.org/resolve'
export const PDS = 'https://pds.cairn-test.org'
export const OTHER_PDS = 'https://other.cairn-test.org'
export const APP = 'http://127.0.0.1:4000'

export interface AccountKit {
  readonly world: World
  readonly storage: Storage
  readonly server: AuthServer
  readonly alice: string
  readonly bob: string
  /** what an engine of one tab has; another tab on the same storage each time */
  tab(app?: string): AccountParts
  /** times that a tab said that something changed */
  readonly told: () => number
  /** Moves the account to another server. */
  move(did: string, pds: string): Promise<void>
  /** Signs in on the server's page. */
  signIn(tab: AccountParts, did: string, scopes?: readonly string[]): Promise<void>
}

/** Two accounts on a server that signs in, and a device with a real disk. */
export async function withAccounts(use: (kit: AccountKit) => Promise<void>): Promise<void> {
  const world = await createWorld()
  const opened: AccountParts[] = []
  try {
    await withLevel(async (storage) => {
      const handles = new Map<string, string>()
      const movers = new Map<string, (pds: string) => Promise<void>>()
      const account = async (handle: string): Promise<string> => {
        const key = await makeKey('k256')
        const log = await startLog({ rotationKeys: [key], signing: key, handle, pds: PDS }, key)
        const serve = (): void => {
          const newest = log.entries.at(-1)?.operation
          if (newest === undefined) throw new Error('a log has a genesis')
          world.json(`${PLC}/${log.did}`, documentOf(log.did, newest))
          world.json(`${PLC}/${log.did}/log/audit`, log.entries)
        }
        serve()
        handles.set(`_atproto.${handle}`, log.did)
        movers.set(log.did, async (pds) => {
          await log.add({ rotationKeys: [key], signing: key, handle, pds }, key)
          serve()
        })
        return log.did
      }
      world.route(DOH, ({ url }, response) => {
        const did = handles.get(url.searchParams.get('name') ?? '')
        const answer = did === undefined ? {} : { Answer: [{ type: 16, data: `"did=${did}"` }] }
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      })
      const alice = await account('alice.cairn-test.org')
      const bob = await account('bob.cairn-test.org')
      const server = startAuthServer(world, PDS)
      let told = 0
      const tab = (app: string = APP): AccountParts => {
        const network = world.network()
        const parts = createAccountParts({
          store: accountStore(storage),
          clock: world.timers.clock,
          timers: world.timers,
          app,
          network: async () => network,
          resolve: (name) =>
            createIdentityResolver({ ...network, endpoints: { plc: PLC, doh: DOH, resolver: '' } }).resolve(
              name,
            ),
          changed: () => {
            told += 1
          },
        })
        opened.push(parts)
        return parts
      }
      await use({
        world,
        storage,
        server,
        alice,
        bob,
        tab,
        told: () => told,
        move: async (did, pds) => movers.get(did)?.(pds),
        async signIn(parts, did, scopes = []) {
          const { url } = await parts.signIn.begin(did, { scopes })
          await parts.signIn.finish(await server.consent(url, did))
        },
      })
    })
  } finally {
    for (const parts of opened) parts.close()
    await world.close()
  }
}

/** Who the server thinks is calling. */
export async function whoAmI(tab: AccountParts, did: string): Promise<string> {
  const session = await tab.sessions.require(did, 'atproto')
  const agent = await session.agent()
  const { data } = await agent.com.atproto.server.getSession()
  return data.did
}

/** Code and fields of what `run` fails with, or of what caused that; anything else fails the test. */
export async function refusal(run: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await run
  } catch (error) {
    for (let at: unknown = error; at instanceof Error; at = at.cause) {
      if (at instanceof CairnError) return { code: at.code, ...at.fields }
    }
    throw error
  }
  throw new Error('expected a failure')
}
