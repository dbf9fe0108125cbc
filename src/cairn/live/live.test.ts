import { describe, expect, it } from 'vitest'
import { realHost } from '../../net/testing/nodes.ts'
import { openStandardSocket } from '../../pds/firehose/socket.ts'
import {
  commitFrame,
  eventFrame,
  type FirehoseServer,
  startFirehoseServer,
} from '../../pds/firehose/testing/firehose-server.ts'
import type { TestAccount } from '../../sync/testing/account.ts'
import { contents, type SyncKit, wanted, withSync } from '../../sync/testing/sync-kit.ts'
import { createIdentities } from '../../sync/follow/identities.ts'
import { readCursor } from '../../sync/follow/cursor.ts'
import { wholeFrame } from '../../sync/follow/testing/told.ts'
import { after } from '../../sync/testing/faults.ts'
import { headOf, repoRow, snapshotsOf } from '../../sync/kept.ts'
import { updateRepo } from '../../storage/head.ts'
import { createActivityLog } from '../activity.ts'
import type { CairnHost } from '../host.ts'
import { createHistory } from '../history.ts'
import { createIndexer } from '../indexer.ts'
import { createJobs, type Jobs } from '../jobs.ts'
import { createLibrary } from '../library.ts'
import type { NetworkHost } from '../network/host.ts'
import { writeNetworkSettings } from '../network/settings.ts'
import { createRecords } from '../records.ts'
import { writeSettings } from '../settings.ts'
import { createSummaries } from '../summaries.ts'
import { createLive, type Live } from './live.ts'

interface Kit extends SyncKit {
  readonly server: FirehoseServer
  readonly live: Live
  readonly jobs: Jobs
  readonly changed: string[]
  notes(): Promise<string[]>
  /** the browser says that the network is back */
  online(): void
  /** resolves when the kept head is what the account's server has */
  current(account: TestAccount): Promise<void>
  /** sends the account's next commit, whole */
  write(account: TestAccount, seq: number): void
}

/** A context that leads, and a server of accounts whose stream says what a test makes it say. */
async function withLive(use: (kit: Kit) => Promise<void>): Promise<void> {
  const server = await startFirehoseServer()
  try {
    await withSync(async (sync) => {
      const { storage, pds } = sync
      // Bursts are over sooner than those of people.
      const timers: CairnHost['timers'] = {
        after: (ms, run) => realHost.timers.after(ms === 2000 ? 20 : ms, run),
      }
      const persistence = { supported: false, persisted: async () => false }
      const { clock } = realHost
      const host: CairnHost = { ...sync.host, timers, clock, siblings: undefined, persistence }
      await writeSettings(storage, { endpoints: pds.endpoints, blobs: false })
      const changed: string[] = []
      const jobs = createJobs(host, () => {})
      const records = createRecords(storage, host.sha256)
      const log = createActivityLog(host, () => {})
      const indexer = createIndexer(host, () => {})
      const { tasks } = createLibrary({
        ...{ host, jobs, records, indexer, log },
        history: createHistory(storage, records),
        summaries: createSummaries(storage),
        changed: (did) => {
          changed.push(did)
          live.changed(did)
        },
        moved: () => false,
        persist: async () => {},
        fromPeers: () => undefined,
        blobsFromPeers: () => undefined,
      })
      const listeners = new Set<() => void>()
      const origin = new URL(server.origin).host
      const place: NetworkHost['live'] = {
        open: (url, events) => openStandardSocket(url.replace(new URL(pds.origin).host, origin), events),
        onOnline(listener) {
          listeners.add(listener)
          return () => listeners.delete(listener)
        },
      }
      const network: NetworkHost = {
        ...{ locks: navigator.locks, channel: noChannel, app: 'http://localhost', context: 'page' },
        ...{ direct: false, background: 'none', newId: () => '', live: place },
        startNode: () => Promise.reject(new TypeError('no node here')),
      }
      const identities = createIdentities(host, async () => pds.endpoints)
      const live = createLive({ host, network, emit: () => {}, jobs, tasks, identities })
      try {
        await use({
          ...sync,
          server,
          live,
          jobs,
          changed,
          notes: async () => (await log.list({ limit: 50 })).map((it) => it.kind),
          online: () => listeners.forEach((listener) => listener()),
          current: (account) =>
            expect.poll(async () => (await headOf(storage, account.did))?.rev).toBe(account.repo.rev),
          write(account, seq) {
            const before = account.repo
            server.send(wholeFrame(seq, before, account.commit({ create: 1, update: 0, delete: 0 })))
          },
        })
      } finally {
        await live.close()
        expect(listeners.size).toBe(0)
        await jobs.idle()
        await indexer.close()
      }
    })
  } finally {
    await server.close()
  }
}

const noChannel: NetworkHost['channel'] = { post: () => {}, listen: () => () => {} }

describe('listening to the servers of accounts', () => {
  it('has what is written there at once, from the stream alone', () =>
    withLive(async ({ pds, server, live, backUp, storage, current, write, notes, changed }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      live.changed(alice.did)
      await server.connected(1)
      await expect
        .poll(() => live.servers())
        .toMatchObject([{ service: pds.origin, repos: 1, state: 'live' }])
      await expect.poll(() => pds.asked.at(-1)).toBe('getLatestCommit')
      pds.asked.length = 0
      write(alice, 1)
      await current(alice)
      write(alice, 2)
      write(alice, 3)
      await current(alice)
      // Who the account is was asked, once; nothing of its repo.
      expect(pds.asked.filter((it) => it !== 'plc' && it !== 'resolveHandle')).toEqual([])
      const head = await headOf(storage, alice.did)
      expect(head && (await contents(storage, head))).toEqual(wanted(alice.repo))
      expect(changed).toContain(alice.did)
      expect(await notes()).toEqual([])
      expect((await snapshotsOf(storage, alice.did)).length).toBeGreaterThan(1)
    }))

  it('calls no update failed where only the newest is kept', () =>
    withLive(async ({ pds, server, live, jobs, backUp, storage, current }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      await updateRepo(storage, alice.did, (row) => ({ ...row, keepLast: 1 }))
      live.changed(alice.did)
      await server.connected(1)
      await expect.poll(() => live.servers()[0]?.state).toBe('live')
      server.send(wholeFrame(1, alice.repo, alice.commit({ create: 1, update: 2, delete: 0 })))
      await current(alice)
      await expect
        .poll(() => jobs.list().map(({ kind, state, result }) => [kind, state, result?.updated]))
        .toEqual([
          ['backup', 'done', 2],
          ['sweep', 'done', undefined],
        ])
      expect((await snapshotsOf(storage, alice.did)).map((it) => it.rev)).toEqual([alice.repo.rev])
    }))

  it('asks for the repo where the stream leaves something out, and again after it was cut', () =>
    withLive(async ({ pds, server, live, backUp, current, write, online }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      live.changed(alice.did)
      await server.connected(1)
      await expect.poll(() => live.servers()[0]?.state).toBe('live')
      write(alice, 1)
      await current(alice)
      // One that is not told of, and one that is.
      alice.commit({ create: 1, update: 0, delete: 0 })
      write(alice, 3)
      await current(alice)
      // An old server: no tree before.
      alice.commit({ create: 1, update: 0, delete: 0 })
      server.send(commitFrame(4, alice.repo))
      await current(alice)
      server.drop()
      await expect.poll(() => live.servers()[0]?.state).toBe('waiting')
      const before = alice.repo
      alice.commit({ create: 1, update: 0, delete: 0 })
      server.onConnect = (send, cursor) => {
        if (cursor === 4) send(wholeFrame(5, before, alice.repo))
      }
      online()
      await server.connected(2)
      await current(alice)
    }))

  it('notes what a server says of an account, and follows it on when it is back', () =>
    withLive(async ({ pds, server, live, backUp, storage, current, write, notes }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      live.changed(alice.did)
      await server.connected(1)
      const upstream = async () => (await repoRow(storage, alice.did))?.upstream
      alice.state = 'deactivated'
      server.send(eventFrame('#account', { seq: 1, did: alice.did, active: false, status: 'deactivated' }))
      await expect.poll(upstream).toBe('deactivated')
      // That is no failed backup: the copy is as it was.
      expect(await notes()).toEqual([])
      alice.state = 'active'
      server.send(eventFrame('#account', { seq: 2, did: alice.did, active: true }))
      await expect.poll(upstream).toBe('active')
      write(alice, 3)
      await current(alice)
    }))

  it('ends without waiting for what it has begun, and owes that to the next lead', () =>
    withLive(async ({ pds, server, live, backUp, storage, current, write }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      live.changed(alice.did)
      await server.connected(1)
      await expect.poll(() => live.servers()[0]?.state).toBe('live')
      // Asked on connecting, it is not what is waited for below.
      await expect.poll(() => pds.asked.at(-1)).toBe('getLatestCommit')
      pds.asked.length = 0
      write(alice, 1)
      await current(alice)
      const gate = Promise.withResolvers<void>()
      pds.next('getRepo', after(gate.promise))
      alice.commit({ create: 1, update: 0, delete: 0 })
      server.send(commitFrame(2, alice.repo))
      await expect.poll(() => pds.asked.at(-1)).toBe('getRepo?since')
      await live.close()
      expect(await readCursor(storage, pds.origin)).toBe(1)
      gate.resolve()
      await current(alice)
    }))

  it('stops when a person says so, and leaves what is deleted', () =>
    withLive(async ({ pds, server, live, backUp, storage }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      live.changed(alice.did)
      await server.connected(1)
      await writeNetworkSettings(storage, { live: false })
      live.settingsChanged()
      await expect.poll(() => server.open).toBe(0)
      expect(live.servers()).toEqual([])
      await writeNetworkSettings(storage, { live: true })
      live.settingsChanged()
      await server.connected(2)
      await storage.write([{ type: 'delete', table: 'repos', key: alice.did }])
      live.changed(alice.did)
      await expect.poll(() => [server.open, live.servers()]).toEqual([0, []])
    }))
})
