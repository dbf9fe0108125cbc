import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, startPds, type Account, type Pds } from '../../../../e2e/pds/client.ts'
import { random, sha256, withLevel } from '../../../storage/testing/node-host.ts'
import type { Storage } from '../../../storage/port.ts'
import type { Cairn, CairnEvent, Draft } from '../../api.ts'
import { createCairn } from '../../create.ts'

/** The password of every account of the test server. */
const PASSWORD = 'password'

const installed = existsSync(join(ROOT, 'e2e/node_modules/@atproto/pds'))
if (!installed) console.warn('Writing is not tested: a real PDS is needed, run `npm ci` in e2e/.')
export const hasPds = installed

export { startPds, type Pds }

export interface Writer {
  readonly cairn: Cairn
  readonly storage: Storage
  readonly account: Account
  readonly pds: Pds
  /** `fetch` fails as without a network */
  offline: boolean
  signIn(): Promise<void>
  backUp(): Promise<void>
  /** Resolves when it holds; asked again after each event. */
  until(condition: () => boolean | Promise<boolean>): Promise<void>
  drafts(): Promise<readonly Draft[]>
  /** Nothing is unsent, and nothing is on its way. */
  sent(): Promise<void>
  /** What the server has under the path; undefined: nothing. */
  atServer(path: string): Promise<Record<string, unknown> | undefined>
  /** what the verified copy has */
  kept(path: string): Promise<unknown>
  /** The tab closes and opens anew on the same disk. */
  restart(): Promise<void>
}

let accounts = 0

/** A device with a real disk, and an account of its own at a real server. */
export async function withWriter(pds: Pds, use: (writer: Writer) => Promise<void>): Promise<void> {
  const account = await pds.call('createAccount', { handle: `writer${++accounts}.test` })
  await withLevel(async (storage) => {
    const waiting = new Set<() => void>()
    const hear = (_event: CairnEvent): void => {
      for (const wake of waiting) wake()
    }
    const open = (): Cairn => {
      const cairn = createCairn({
        storage: { ...storage, close: async () => {} },
        sha256,
        fetch: async (url, init) => {
          if (writer.offline) throw new TypeError('fetch failed')
          return fetch(url, init)
        },
        timers: {
          after(ms, run) {
            const timer = setTimeout(run, ms)
            return () => clearTimeout(timer)
          },
        },
        clock: { now: () => Date.now() },
        random,
        siblings: undefined,
        persistence: { supported: false, persisted: async () => false },
      })
      cairn.subscribe(hear)
      return cairn
    }
    const { did } = account
    const writer: Writer & { cairn: Cairn } = {
      storage,
      account,
      pds,
      offline: false,
      // opened below, when there is something that it can ask
      cairn: undefined as unknown as Cairn,
      async signIn() {
        await writer.cairn.accounts.signInWithPassword({ who: did, password: PASSWORD })
      },
      async backUp() {
        const { id } = await writer.cairn.library.backup(did)
        await writer.until(async () => {
          const job = (await writer.cairn.activity.jobs()).find((it) => it.id === id)
          if (job?.error !== undefined) throw new Error(job.error.code)
          return job?.endedAt !== undefined
        })
      },
      async until(condition) {
        for (;;) {
          const told = Promise.withResolvers<void>()
          waiting.add(told.resolve)
          try {
            if (await condition()) return
            await told.promise
          } finally {
            waiting.delete(told.resolve)
          }
        }
      },
      drafts: async () => (await writer.cairn.writing.queue(did)).drafts,
      sent: () =>
        writer.until(async () => {
          const { drafts, sending } = await writer.cairn.writing.queue(did)
          return drafts.length === 0 && !sending
        }),
      async atServer(path) {
        const [collection = ''] = path.split('/')
        const records = await pds.call('listRecords', { did, collection })
        return records.find((it) => it.uri === `at://${did}/${path}`)?.value
      },
      async kept(path) {
        return (await writer.cairn.library.record(did, path).catch(() => undefined))?.value
      },
      async restart() {
        await writer.cairn.close()
        writer.cairn = open()
      },
    }
    writer.cairn = open()
    try {
      await writer.cairn.device.setSettings({
        endpoints: { plc: pds.plc, doh: '', resolver: pds.url, allowLocal: true },
        blobs: false,
      })
      await use(writer)
    } finally {
      await writer.cairn.close()
    }
  })
}
