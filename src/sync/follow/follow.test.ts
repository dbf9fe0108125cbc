import { describe, expect, it } from 'vitest'
import {
  type FirehoseServer,
  commitFrame,
  eventFrame,
  frameOf,
  startFirehoseServer,
} from '../../pds/firehose/testing/firehose-server.ts'
import { type OpenSocket, openStandardSocket } from '../../pds/firehose/socket.ts'
import { createManualTimers, type ManualTimers } from '../../pds/testing/timers.ts'
import { PdsError } from '../../pds/errors.ts'
import { headOf } from '../kept.ts'
import { type SyncKit, withSync } from '../testing/sync-kit.ts'
import { readCursor, readRest, saveCursor, saveRest } from './cursor.ts'
import { createFollower, type Follower, type FollowOptions } from './follow.ts'
import { wholeFrame } from './testing/told.ts'

const QUIET = 2000
const SAVE = 5000

interface Kit extends SyncKit {
  readonly server: FirehoseServer
  readonly clock: ManualTimers
  /** pulls that ended, by DID, failed ones too */
  readonly pulled: string[]
  follow(options?: Partial<FollowOptions>): Follower
  /** Lets the pause after a burst pass, and resolves when so many pulls have ended in all. */
  ended(count: number): Promise<void>
  /** resolves when a timer of this length is set, then ends it */
  pass(ms: number): Promise<void>
}

/** A device that follows a PDS: the repos are served by one real server, the stream by another. */
async function withFollower(use: (kit: Kit) => Promise<void>): Promise<void> {
  const server = await startFirehoseServer()
  const clock = createManualTimers()
  const followers: Follower[] = []
  const pulled: string[] = []
  let changed = Promise.withResolvers<void>()
  try {
    await withSync(async (sync) => {
      const host = new URL(sync.pds.origin).host
      const open: OpenSocket = (url, events) =>
        openStandardSocket(url.replace(host, new URL(server.origin).host), events)
      await use({
        ...sync,
        server,
        clock,
        pulled,
        follow({ pull = async (did: string) => void (await sync.backUp(did)), ...options } = {}) {
          const follower = createFollower({
            host: { ...sync.host, timers: clock, clock: clock.clock },
            allowLocal: true,
            open,
            async pull(did) {
              try {
                await pull(did)
              } finally {
                pulled.push(did)
                changed.resolve()
                changed = Promise.withResolvers()
              }
            },
            ...options,
          })
          followers.push(follower)
          return follower
        },
        async ended(count) {
          while (pulled.length < count) await changed.promise
        },
        async pass(ms) {
          await clock.whenSet(ms)
          clock.advance(ms)
        },
      })
      for (const follower of followers) await follower.close()
    })
  } finally {
    await server.close()
  }
}

/** A pull that says when it has begun, and goes on once the gate is open. */
function heldPull(backUp: SyncKit['backUp']) {
  const gate = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const pull = async (did: string): Promise<void> => {
    begun.resolve()
    await gate.promise
    await backUp(did)
  }
  return { pull, gate, begun: begun.promise }
}

describe('a follower', () => {
  it('asks for each repo at first, then pulls what its server tells of, and only what is kept', () =>
    withFollower(async ({ pds, server, follow, ended, pass, storage, pulled, backUp }) => {
      const [alice, bob] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'bob' })]
      await backUp(alice.did)
      alice.commit({ create: 1, update: 0, delete: 0 })
      follow().set([{ did: alice.did, pds: pds.origin }])
      await ended(1)
      expect((await headOf(storage, alice.did))?.rev).toBe(alice.repo.rev)
      await server.connected(1)
      expect(server.asked).toEqual([undefined])
      bob.commit({ create: 1, update: 0, delete: 0 })
      server.send(commitFrame(1, bob.repo))
      alice.commit({ create: 2, update: 1, delete: 1 })
      server.send(commitFrame(2, alice.repo))
      await pass(QUIET)
      await ended(2)
      expect(pulled).toEqual([alice.did, alice.did])
      expect((await headOf(storage, alice.did))?.rev).toBe(alice.repo.rev)
      expect(await headOf(storage, bob.did)).toBeUndefined()
    }))

  it('pulls once for a burst, again for what came while it pulled, and not for what is here', () =>
    withFollower(async ({ pds, server, follow, ended, pass, pulled, backUp, storage }) => {
      const alice = await pds.account({ name: 'alice' })
      await saveCursor(storage, pds.origin, 10, 0)
      await backUp(alice.did)
      const { pull, begun, gate } = heldPull(backUp)
      const follower = follow({ pull })
      follower.set([{ did: alice.did, pds: pds.origin }])
      await server.connected(1)
      expect(server.asked).toEqual([10])
      server.send(commitFrame(11, alice.repo))
      for (let seq = 12; seq < 15; seq++) {
        alice.commit({ create: 1, update: 0, delete: 0 })
        server.send(commitFrame(seq, alice.repo))
      }
      await pass(QUIET)
      await begun
      alice.commit({ create: 1, update: 0, delete: 0 })
      server.send(commitFrame(15, alice.repo))
      // Handled before the gate opens: the next one tells that this was.
      server.send(eventFrame('#identity', { seq: 16, did: 'did:web:nobody.test' }))
      while (follower.servers()[0]?.cursor !== 16) await new Promise(setImmediate)
      gate.resolve()
      await ended(1)
      await pass(QUIET)
      await ended(2)
      expect(pulled).toHaveLength(2)
      expect((await headOf(storage, alice.did))?.rev).toBe(alice.repo.rev)
    }))

  it.each([
    ['#sync', { rev: '3zzzzzzzzzzzz' }],
    ['#identity', {}],
    ['#account', { active: false, status: 'deactivated' }],
  ])('asks again after %s', (kind, fields) =>
    withFollower(async ({ pds, server, follow, ended, pass, backUp, storage }) => {
      const alice = await pds.account({ name: 'alice' })
      await saveCursor(storage, pds.origin, 1, 0)
      await backUp(alice.did)
      follow().set([{ did: alice.did, pds: pds.origin }])
      await server.connected(1)
      server.send(eventFrame(kind, { seq: 2, did: alice.did, blocks: new Uint8Array(), ...fields }))
      pds.asked.length = 0
      await pass(QUIET)
      await ended(1)
      expect(pds.asked).toContain('getRepoStatus')
    }),
  )

  it('saves its cursor, but never past an event whose pull has not ended', () =>
    withFollower(async ({ pds, server, follow, ended, pass, backUp, storage, clock }) => {
      const alice = await pds.account({ name: 'alice' })
      await saveCursor(storage, pds.origin, 3, 0)
      await backUp(alice.did)
      let fail = true
      const first = follow({
        async pull(did) {
          if (fail) throw new PdsError('pds.timeout', { host: 'pds', ms: 1 })
          await backUp(did)
        },
      })
      first.set([{ did: alice.did, pds: pds.origin }])
      await server.connected(1)
      alice.commit({ create: 1, update: 0, delete: 0 })
      server.send(eventFrame('#account', { seq: 4, did: 'did:web:nobody.test', active: true }))
      server.send(commitFrame(5, alice.repo))
      server.send(eventFrame('#account', { seq: 6, did: 'did:web:nobody.test', active: true }))
      server.send(eventFrame('#account', { seq: 7, did: alice.did, active: true }))
      await pass(QUIET)
      await ended(1)
      while (first.servers()[0]?.cursor !== 7) await new Promise(setImmediate)
      await first.close()
      expect(await readCursor(storage, pds.origin)).toBe(4)

      fail = false
      server.onConnect = (send, cursor) => {
        if (cursor === 4) send(commitFrame(5, alice.repo))
      }
      const second = follow()
      second.set([{ did: alice.did, pds: pds.origin }])
      await server.connected(2)
      expect(server.asked).toEqual([3, 4])
      await pass(QUIET)
      await ended(2)
      await clock.whenSet(SAVE)
      await second.close()
      expect(await readCursor(storage, pds.origin)).toBe(5)
      expect((await headOf(storage, alice.did))?.rev).toBe(alice.repo.rev)
    }))

  it('goes on with its cursor where a repo never rests, but not past what came while it pulled', () =>
    withFollower(async ({ pds, server, follow, pass, backUp, storage, clock }) => {
      const alice = await pds.account({ name: 'alice' })
      await saveCursor(storage, pds.origin, 10, 0)
      await backUp(alice.did)
      const { pull, begun, gate } = heldPull(backUp)
      const follower = follow({ pull })
      follower.set([{ did: alice.did, pds: pds.origin }])
      await server.connected(1)
      for (const seq of [11, 12, 13, 14]) {
        alice.commit({ create: 1, update: 0, delete: 0 })
        server.send(commitFrame(seq, alice.repo))
        while (follower.servers()[0]?.cursor !== seq) await new Promise(setImmediate)
        if (seq !== 12) continue
        await pass(QUIET)
        await begun
      }
      gate.resolve()
      await clock.whenSet(QUIET)
      await follower.close()
      expect(await readCursor(storage, pds.origin)).toBe(12)
    }))

  it('tries a pull again that the network broke, and not one that was refused', () =>
    withFollower(async ({ pds, server, follow, ended, pass, pulled, storage, clock, backUp }) => {
      const [alice, bob] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'bob' })]
      await saveCursor(storage, pds.origin, 1, 0)
      for (const it of [alice, bob]) await backUp(it.did)
      const errors = [
        new PdsError('pds.network', { host: 'pds', retriable: true, bytes: 0 }),
        new PdsError('pds.account-deleted', { host: 'pds', did: bob.did, error: 'RepoDeleted' }),
      ]
      follow({
        async pull() {
          const error = errors.shift()
          if (error !== undefined) throw error
        },
      }).set([alice, bob].map((it) => ({ did: it.did, pds: pds.origin })))
      await server.connected(1)
      server.send(eventFrame('#account', { seq: 2, did: alice.did, active: true }))
      await pass(QUIET)
      await ended(1)
      server.send(eventFrame('#account', { seq: 3, did: bob.did, active: false }))
      await pass(QUIET)
      await ended(2)
      const pause = clock.pending().find((ms) => ms >= 15_000 && ms <= 30_000)
      if (pause === undefined) throw new Error('no pause is set')
      clock.advance(pause)
      await ended(3)
      expect(pulled).toEqual([alice.did, bob.did, alice.did])
    }))

  it('asks every repo of a server where events may have been missed, not at every gap', () =>
    withFollower(async ({ pds, server, follow, ended, pass, pulled, storage, backUp }) => {
      const accounts = [await pds.account({ name: 'a' }), await pds.account({ name: 'b' })]
      await saveCursor(storage, pds.origin, 1, 0)
      for (const it of accounts) {
        await backUp(it.did)
        it.commit({ create: 1, update: 0, delete: 0 })
      }
      server.onConnect = (send) => send(frameOf({ op: 1, t: '#info' }, { name: 'OutdatedCursor' }))
      const follower = follow()
      follower.set(accounts.map((it) => ({ did: it.did, pds: pds.origin })))
      await ended(2)
      for (const it of accounts) expect((await headOf(storage, it.did))?.rev).toBe(it.repo.rev)
      server.send(eventFrame('#identity', { seq: 50, did: 'did:web:nobody.test' }))
      server.send(eventFrame('#identity', { seq: 60, did: 'did:web:nobody.test' }))
      while (follower.servers()[0]?.cursor !== 60) await new Promise(setImmediate)
      expect(pulled).toHaveLength(2)
      await pass(5 * 60_000)
      await ended(4)
      expect(pulled.sort()).toEqual(accounts.flatMap((it) => [it.did, it.did]).sort())
    }))

  it('listens to as many servers as it may, asks the others now and then, and leaves what is no longer kept', () =>
    withFollower(async ({ pds, server, follow, ended, pass, pulled, storage }) => {
      await saveCursor(storage, pds.origin, 1, 0)
      const other = 'http://127.0.0.1:1'
      const [a, b, c] = ['did:web:a.test', 'did:web:b.test', 'did:web:c.test'] as const
      const pollEvery = 60_000
      const follower = follow({ maxServers: 1, pollEvery, pull: async () => {} })
      follower.set([
        { did: a, pds: pds.origin },
        { did: b, pds: pds.origin },
        { did: c, pds: other },
      ])
      await server.connected(1)
      expect(follower.servers()).toMatchObject([{ service: pds.origin, repos: 2 }])
      await ended(1)
      while (follower.servers()[0]?.state !== 'open') await new Promise(setImmediate)
      await pass(pollEvery)
      await ended(2)
      expect(pulled).toEqual([c, c])
      follower.set([])
      expect(follower.servers()).toEqual([])
      while (server.open > 0) await new Promise(setImmediate)
    }))

  it('takes in what events hold whole, and pulls where they do not', () =>
    withFollower(async ({ pds, server, follow, ended, pass, pulled, storage, backUp, timers }) => {
      const alice = await pds.account({ name: 'alice' })
      await saveCursor(storage, pds.origin, 1, 0)
      await backUp(alice.did)
      const applied: string[][] = []
      let told = Promise.withResolvers<void>()
      let refuse = false
      const follower = follow({
        async apply(did, chain) {
          expect(did).toBe(alice.did)
          applied.push(chain.map((it) => it.rev))
          told.resolve()
          told = Promise.withResolvers()
          if (refuse) throw new Error('it was refused')
        },
      })
      follower.set([{ did: alice.did, pds: pds.origin }])
      await server.connected(1)
      const next = (seq: number, more = {}): string => {
        const before = alice.repo
        const after = alice.commit({ create: 1, update: 1, delete: 1 })
        server.send(wholeFrame(seq, before, after, more))
        return after.rev
      }
      const heard = async (seq: number) => {
        while (follower.servers()[0]?.cursor !== seq) await new Promise(setImmediate)
      }
      const burst = [next(2), next(3), next(4)]
      await heard(4)
      let both = told.promise
      await pass(QUIET)
      await both
      expect([applied, pulled]).toEqual([[burst], []])

      // One that does not prove what it changed: from there on nothing follows, and the repo is asked for.
      next(5, { prevData: null })
      await heard(5)
      await pass(QUIET)
      await ended(1)
      expect((await headOf(storage, alice.did))?.rev).toBe(alice.repo.rev)

      refuse = true
      both = told.promise
      next(6)
      await heard(6)
      await pass(QUIET)
      await both
      await ended(2)
      expect((await headOf(storage, alice.did))?.rev).toBe(alice.repo.rev)
      expect(timers.slept).toEqual([])
      expect(applied).toHaveLength(2)
    }))

  it('asks before it pulls where nobody has said that there is news', () =>
    withFollower(async ({ pds, server, follow, pass, storage, backUp, ended }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      const looked: string[] = []
      const follower = follow({ look: async (did) => void looked.push(did) })
      follower.set([{ did: alice.did, pds: pds.origin }])
      await server.connected(1)
      while (looked.length < 1) await new Promise(setImmediate)
      // Its state changed: that is looked at; who it is changed: that is pulled.
      server.send(eventFrame('#account', { seq: 2, did: alice.did, active: false }))
      while (follower.servers()[0]?.cursor !== 2) await new Promise(setImmediate)
      await pass(QUIET)
      while (looked.length < 2) await new Promise(setImmediate)
      server.send(eventFrame('#identity', { seq: 3, did: alice.did }))
      while (follower.servers()[0]?.cursor !== 3) await new Promise(setImmediate)
      await pass(QUIET)
      await ended(1)
      expect(looked).toHaveLength(2)
      expect(await readCursor(storage, pds.origin)).toBeUndefined()
    }))

  it('leaves a server alone that says too much, asks its repos now and then, and listens again later', () =>
    withFollower(async ({ pds, server, follow, pass, storage, clock, backUp, ended, pulled }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      await saveCursor(storage, pds.origin, 1, 0)
      const allowance = { burst: 1000, perSecond: 10 }
      const pollEvery = 4 * 60_000
      const follower = follow({ allowance, pollEvery })
      const state = async (wanted: string) => {
        while (follower.servers()[0]?.state !== wanted) await new Promise(setImmediate)
      }
      const flood = () => {
        for (let seq = 2; seq < 30; seq++)
          server.send(eventFrame('#identity', { seq, did: 'did:web:b.test' }))
      }
      follower.set([{ did: alice.did, pds: pds.origin }])
      await server.connected(1)
      // What came since the cursor is too much: it begins anew with what is said from now on.
      flood()
      await state('waiting')
      expect(follower.servers()).toMatchObject([{ error: 'firehose.busy' }])
      await ended(1)
      clock.advance(1000)
      await server.connected(2)
      expect(server.asked).toEqual([1, undefined])
      await state('open')
      flood()
      await state('waiting')
      while ((await readRest(storage, pds.origin)) === undefined) await new Promise(setImmediate)
      expect(await readRest(storage, pds.origin)).toMatchObject({ times: 1 })
      await state('waiting')
      await pass(pollEvery)
      await ended(2)
      expect(pulled).toEqual([alice.did, alice.did])
      // Also after a start: the rest is kept.
      await follower.close()
      const again = follow({ allowance, pollEvery })
      again.set([{ did: alice.did, pds: pds.origin }])
      while (again.servers()[0]?.nextTryAt === undefined) await new Promise(setImmediate)
      expect(server.asked).toHaveLength(2)
      clock.advance(60 * 60_000)
      await server.connected(3)
      expect(server.asked).toEqual([1, undefined, undefined])
      // One that was noted by a clock years ahead is no longer than the longest.
      await again.close()
      await saveRest(storage, pds.origin, { until: clock.clock.now() + 5 * 365 * 86_400_000, times: 1 })
      const third = follow({ allowance, pollEvery })
      third.set([{ did: alice.did, pds: pds.origin }])
      while (third.servers()[0]?.nextTryAt === undefined) await new Promise(setImmediate)
      expect(third.servers()[0]?.nextTryAt).toBeLessThanOrEqual(clock.clock.now() + 24 * 60 * 60_000)
      await third.close()
    }))
})
