import { describe, expect, it } from 'vitest'
import { APP, DOH, PLC, PDS, refusal, withAccounts, type AccountKit } from '../../pds/account/testing/kit.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import { writeSettings } from '../settings.ts'
import { createAccountRoom, type AccountRoom } from './create.ts'

/** The room of a tab, on servers that its settings name. */
const withRoom = (
  use: (room: AccountRoom, kit: AccountKit, told: () => number) => Promise<void>,
  app: string | undefined = APP,
) =>
  withAccounts(async (kit) => {
    const { storage, world } = kit
    await writeSettings(storage, { endpoints: { plc: PLC, doh: DOH, resolver: '', allowLocal: false } })
    const { fetch, timers } = world
    let told = 0
    const host = { storage, sha256, fetch, timers, clock: timers.clock, random: () => 1 }
    const room = createAccountRoom(host, app, () => {
      told += 1
    })
    try {
      await use(room, kit, () => told)
    } finally {
      room.close()
    }
  })

describe('accounts', () => {
  it('show who is signed in and what Cairn may do, and nothing that opens anything', () =>
    withRoom(async ({ api }, { server, alice }, told) => {
      const { url } = await api.begin('alice.cairn-test.org', { needs: ['agreements'], back: '/network' })
      const done = await api.finish(await server.consent(url, alice))
      const account = {
        did: alice,
        handle: 'alice.cairn-test.org',
        pds: PDS,
        by: 'oauth',
        ownPassword: false,
        state: 'active',
        may: ['agreements'],
        signedInAt: expect.any(Number) as number,
      }
      expect(done).toEqual({ account, back: '/network', lacking: [] })
      expect(await api.list()).toEqual([account])
      expect(told()).toBeGreaterThan(0)
    }))

  it('come back to no other place than this app', () =>
    withRoom(async ({ api }, { server, alice }) => {
      for (const back of ['//evil.example', '/\\evil.example', 'https://evil.example', 'settings', '']) {
        const { url } = await api.begin(alice, { back })
        expect((await api.finish(await server.consent(url, alice))).back).toBeUndefined()
      }
    }))

  it('say what was asked for and not allowed', () =>
    withRoom(async ({ api }, { server, alice }) => {
      const { url } = await api.begin(alice, { needs: ['write', 'move'] })
      const only = (scopes: string[]) => scopes.filter((it) => it === 'atproto' || it === 'repo:*')
      const { account, lacking } = await api.finish(await server.consent(url, alice, only))
      expect(lacking).toEqual(['write', 'move'])
      expect(account.may).toEqual(['agreements'])
    }))

  it('know the account’s own password from an app password', () =>
    withRoom(async ({ api, sessions }, { server, alice, bob }) => {
      server.passwords.set('app', { did: alice, scope: 'com.atproto.appPass' })
      server.passwords.set('own', { did: bob, scope: 'com.atproto.access' })
      expect(await api.signInWithPassword({ who: alice, password: 'app' })).toMatchObject({
        ownPassword: false,
        may: ['write', 'agreements', 'preferences'],
      })
      expect(await api.signInWithPassword({ who: bob, password: 'own' })).toMatchObject({ ownPassword: true })
      expect((await sessions.require(bob, 'move')).by).toBe('password')
    }))

  it('are all signed out of before everything is deleted, and whoever was not told is told at a later start', () =>
    withRoom(async (room, { server, signIn, tab, alice, bob, world }) => {
      await signIn(tab(), alice)
      await signIn(tab(), bob)
      await room.leaveAll()
      expect(server.live.oauth).toBe(0)
      await signIn(tab(), alice)
      server.down = true
      expect(await room.api.signOut(alice)).toEqual({ told: false })
      expect(await room.api.leaving()).toEqual([
        { did: alice, handle: 'alice.cairn-test.org', pds: PDS, since: world.timers.clock.now() },
      ])
      server.down = false
      await room.start()
      await expect.poll(() => server.live.oauth).toBe(0)
    }))

  it('cannot be signed in to on a page where there is no app to come back to', () =>
    withAccounts(async ({ storage, world }) => {
      const { fetch, timers } = world
      const host = { storage, sha256, fetch, timers, clock: timers.clock, random: () => 1 }
      const room = createAccountRoom(host, undefined, () => {})
      expect(await refusal(room.api.begin('alice.cairn-test.org'))).toMatchObject({
        code: 'account.no-client',
      })
      room.close()
    }))
})
