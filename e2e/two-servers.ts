import { test as base } from '@playwright/test'
import { expect } from './expect.ts'
import type { Move, MoveGifts } from '../src/cairn/api.ts'
import { openNodeDevice, type NodeDevice } from './node-device.ts'
import { startPds, type Account, type Pds } from './pds/client.ts'
import { SMALL, seedAccount, type SeedSize } from './pds/seed.ts'

/** What the account at the new server is opened with. */
export const NEW_PASSWORD = 'a new password for a new place'
/** What `seedAccount` opens the account at the old server with. */
export const OLD_PASSWORD = 'password'

interface WorkerFixtures {
  /** the server that is left, with the directory of both */
  old: Pds
  /** the one that is moved to: its handles end in `.new.test`, and it wants invite codes */
  next: Pds
}

interface TestFixtures {
  /** a device of the test's own: the engine without screens */
  laptop: NodeDevice
  mover: (size?: SeedSize) => Promise<Account>
}

let accounts = 0

export const test = base.extend<TestFixtures, WorkerFixtures>({
  old: [
    async ({}, use) => {
      const pds = await startPds()
      await use(pds)
      await pds.stop()
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  next: [
    async ({ old }, use) => {
      const pds = await startPds({ plc: old.plc, domain: '.new.test', invites: true })
      await use(pds)
      await pds.stop()
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  laptop: async ({ old }, use) => {
    const device = await openNodeDevice(old)
    await use(device)
    await device.close()
    await old.faults()
    await old.call('startServer', {})
  },
  mover: async ({ old }, use) => {
    await use((size = SMALL) => seedAccount(old, `mover${++accounts}.test`, size))
  },
})

export { expect }

export const mailOf = (account: Account): string => `${account.handle}@example.com`

/** Where an account goes: a handle of the new server, and a code that lets it in. */
export async function placeFor(account: Account, next: Pds) {
  const handle = account.handle.replace(/\.test$/, '.new.test')
  const invite = await next.call('createInvite', {})
  return { did: account.did, server: next.url, handle, email: `new-${account.handle}@example.com`, invite }
}

/** Signs in as the owner and puts a recovery key before all others; gives the text of its file. */
export async function prepared(device: NodeDevice, old: Pds, account: Account): Promise<string> {
  const { accounts: room, moving } = device.cairn
  const { did } = account
  await room.signInWithPassword({ who: did, password: OLD_PASSWORD })
  const { file } = await moving.makeKey(did)
  await moving.checkKey(did, file)
  await moving.requestCode(did)
  const code = await old.call('mailedCode', { to: mailOf(account) })
  if (code === null) throw new Error('no mail was sent')
  await moving.addKey(did, code)
  return file
}

/** Goes on until the move waits for something, has failed, or has ended. */
export async function goOn(device: NodeDevice, did: string, gifts: MoveGifts = {}): Promise<Move> {
  await device.cairn.moving.go(did, gifts)
  let move: Move | undefined
  await device.until(async () => {
    move = await device.cairn.moving.get(did)
    return move?.running === false
  })
  if (move === undefined) throw new Error('the move is gone')
  return move
}

export const stepNamed = (move: Move, name: string) => move.steps.find((step) => step.name === name)

/** What failed, for a message that says more than that something did. */
export const failures = (move: Move) =>
  move.steps.flatMap(({ name, error }) => (error === undefined ? [] : [{ name, ...error }]))

/** Does something with each, twenty at a time. */
export async function inLots<T, R>(all: readonly T[], each: (one: T) => Promise<R>): Promise<R[]> {
  const done: R[] = []
  for (let from = 0; from < all.length; from += 20)
    done.push(...(await Promise.all(all.slice(from, from + 20).map(each))))
  return done
}

/** Every record and blob of an account at two servers, one by one. The first may be off by now: it was read before. */
export async function everything(pds: Pds, did: string) {
  const { collections } = await pds.call('describeRepo', { did })
  const records = new Map<string, string>()
  for (const collection of collections) {
    for (const { uri, cid } of await pds.call('listRecords', { did, collection })) records.set(uri, cid)
  }
  const read = async (cid: string): Promise<[string, string]> => {
    const answer = await fetch(
      `${pds.url}/xrpc/com.atproto.sync.getBlob?${new URLSearchParams({ did, cid })}`,
    )
    if (!answer.ok) throw new Error(`${cid}: ${answer.status}`)
    return [cid, Buffer.from(await answer.arrayBuffer()).toString('base64')]
  }
  const blobs = new Map(await inLots(await pds.call('listBlobs', { did }), read))
  return { records, blobs }
}
