import { expect, it } from 'vitest'
import { PDS, refusal, whoAmI, withAccounts } from './testing/kit.ts'

const APP = 'com.atproto.appPass'

it('an app password gives a session that may write, and nothing of it lies in the clear', () =>
  withAccounts(async ({ tab, server, storage, alice }) => {
    server.passwords.set('abcd-efgh', { did: alice, scope: APP })
    const here = tab()
    expect(await here.signIn.withPassword({ who: 'alice.cairn-test.org', password: 'abcd-efgh' })).toBe(alice)
    expect(await here.sessions.list()).toMatchObject([
      { did: alice, handle: 'alice.cairn-test.org', pds: PDS, by: 'password', state: 'active' },
    ])
    expect(await whoAmI(tab(), alice)).toBe(alice)
    await here.sessions.require(alice, 'write')
    expect(await refusal(here.sessions.require(alice, 'move'))).toMatchObject({ code: 'account.scope' })
    const rows = await storage.list('accounts')
    const bytes = rows.flatMap(({ value }) => {
      const sealed = (value as { sealed?: { bytes: Uint8Array } }).sealed
      return sealed === undefined ? [] : [Buffer.from(sealed.bytes).toString('latin1')]
    })
    expect(bytes).toHaveLength(1)
    expect(JSON.stringify(rows) + bytes.join()).not.toMatch(/abcd|e30\./)
  }))

it('the account’s own password may do everything, and is known for what it is', () =>
  withAccounts(async ({ tab, server, alice }) => {
    server.passwords.set('own', { did: alice, scope: 'com.atproto.access' })
    const here = tab()
    await here.signIn.withPassword({ who: alice, password: 'own' })
    expect((await here.sessions.require(alice, 'identity:*')).by).toBe('password')
    expect((await here.sessions.require(alice, 'move')).pds).toBe(PDS)
  }))

it('a wrong password, a code that is asked for and a wrong code are told apart', () =>
  withAccounts(async ({ tab, server, alice, bob }) => {
    server.passwords.set('own', { did: alice, scope: 'com.atproto.access', code: 'ABCDE' })
    server.passwords.set('of-bob', { did: bob, scope: APP })
    const { signIn } = tab()
    const host = 'pds.cairn-test.org'
    const attempt = (password: string, code?: string) =>
      refusal(signIn.withPassword({ who: alice, password, ...(code === undefined ? {} : { code }) }))
    expect(await attempt('nonsense')).toEqual({ code: 'account.password-wrong', host })
    expect(await attempt('own')).toEqual({ code: 'account.code-needed', host, again: false })
    expect(await attempt('own', 'XXXXX')).toEqual({ code: 'account.code-needed', host, again: true })
    expect(await attempt('of-bob')).toEqual({ code: 'account.wrong-account', did: alice, found: bob })
    expect(await signIn.withPassword({ who: alice, password: 'own', code: 'ABCDE' })).toBe(alice)
  }))

it('is renewed once for all who find it ended, in whatever tab', () =>
  withAccounts(async ({ tab, server, alice }) => {
    server.passwords.set('abcd', { did: alice, scope: APP })
    const [one, two] = [tab(), tab()]
    await one.signIn.withPassword({ who: alice, password: 'abcd' })
    server.expireAccess()
    const all = await Promise.all([whoAmI(one, alice), whoAmI(two, alice), whoAmI(one, alice)])
    expect(all).toEqual([alice, alice, alice])
    expect(server.renewed).toBe(1)
    expect(server.live.password).toBe(1)
  }))

it('takes signing in again when its server has ended it, and only then', () =>
  withAccounts(async ({ tab, server, alice }) => {
    server.passwords.set('abcd', { did: alice, scope: APP })
    const here = tab()
    await here.signIn.withPassword({ who: alice, password: 'abcd' })
    server.expireAccess()
    server.down = true
    expect(await refusal(whoAmI(here, alice))).toMatchObject({ code: 'pds.network' })
    server.down = false
    server.endAll()
    expect(await refusal(whoAmI(here, alice))).toMatchObject({ code: 'account.expired' })
    expect(await here.sessions.list()).toMatchObject([{ state: 'expired', sealed: undefined }])
  }))

it('signing out ends it at the server, later when that is out of reach', () =>
  withAccounts(async ({ tab, server, world, alice }) => {
    server.passwords.set('abcd', { did: alice, scope: APP })
    const here = tab()
    await here.signIn.withPassword({ who: alice, password: 'abcd' })
    expect(await here.signIn.signOut(alice)).toEqual({ told: true })
    expect(server.live.password).toBe(0)
    await here.signIn.withPassword({ who: alice, password: 'abcd' })
    server.down = true
    expect(await here.signIn.signOut(alice)).toEqual({ told: false })
    server.down = false
    world.timers.advance(5_000)
    await expect.poll(() => server.live.password).toBe(0)
  }))

it('a session of the other kind takes its place, and the one before is ended', () =>
  withAccounts(async ({ tab, server, signIn, alice }) => {
    server.passwords.set('abcd', { did: alice, scope: APP })
    const here = tab()
    await here.signIn.withPassword({ who: alice, password: 'abcd' })
    await signIn(here, alice, ['repo:*'])
    await expect.poll(() => server.live).toEqual({ oauth: 1, password: 0 })
    await here.signIn.withPassword({ who: alice, password: 'abcd' })
    await expect.poll(() => server.live).toEqual({ oauth: 0, password: 1 })
    expect(await whoAmI(here, alice)).toBe(alice)
  }))
