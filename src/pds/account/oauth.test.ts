import { describe, expect, it } from 'vitest'
import { LOCALHOST_CALLBACK_PATH } from './callback.ts'
import { accountRow, sessionLock } from './model.ts'
import { accountStore } from '../../cairn/accounts/store.ts'
import { OTHER_PDS, PDS, refusal, whoAmI, withAccounts } from './testing/kit.ts'

describe('signing in on the server’s page', () => {
  it('ends in a session whose calls the server takes as that account’s, and asks for no more than was wanted', () =>
    withAccounts(async ({ tab, server, alice, told }) => {
      const here = tab()
      const { url, host } = await here.signIn.begin('@alice.cairn-test.org', {
        scopes: ['repo:*'],
        back: '/repo/x',
      })
      expect(url).toMatch(/^https:\/\/pds\.cairn-test\.org\/oauth\/authorize\?/)
      expect(new URL(url).searchParams.get('scope')).toBeNull()
      expect(host).toBe('pds.cairn-test.org')
      let asked: string[] = []
      const answer = await server.consent(url, alice, (scopes) => (asked = scopes))
      expect(asked).toEqual(['atproto', 'repo:*'])
      expect(await here.signIn.finish(answer)).toEqual({ did: alice, back: '/repo/x', lacking: [] })
      expect(told()).toBeGreaterThan(0)
      expect(await here.sessions.list()).toMatchObject([
        { did: alice, handle: 'alice.cairn-test.org', pds: PDS, by: 'oauth', state: 'active' },
      ])
      expect(await whoAmI(here, alice)).toBe(alice)
    }))

  it('keeps the session for other tabs and later starts, and no token in the clear', () =>
    withAccounts(async ({ tab, signIn, storage, alice }) => {
      await signIn(tab(), alice)
      expect(await whoAmI(tab(), alice)).toBe(alice)
      const kept = (await storage.list('accounts')).map(({ value }) => JSON.stringify(value)).join()
      expect(kept).toContain(alice)
      expect(kept).not.toMatch(/access-|refresh-|code-/)
      const bytes = (await storage.list('accounts')).flatMap(({ value }) => {
        const sealed = (value as { sealed?: { bytes: Uint8Array } }).sealed
        return sealed === undefined ? [] : [Buffer.from(sealed.bytes).toString('latin1')]
      })
      expect(bytes.length).toBeGreaterThan(0)
      expect(bytes.join()).not.toMatch(/access-|refresh-/)
    }))

  it('has several accounts side by side', () =>
    withAccounts(async ({ tab, signIn, alice, bob }) => {
      const here = tab()
      await signIn(here, alice)
      await signIn(here, bob)
      expect(await whoAmI(here, bob)).toBe(bob)
      expect(await whoAmI(here, alice)).toBe(alice)
    }))

  it('tells a refusal on the page from a failure, and leaves nothing behind', () =>
    withAccounts(async ({ tab, server, storage, alice }) => {
      const here = tab()
      const { url } = await here.signIn.begin(alice)
      expect(await refusal(here.signIn.finish(server.deny(url)))).toMatchObject({
        code: 'account.denied',
        host: 'pds.cairn-test.org',
      })
      expect(await storage.keys('accounts', { from: 'attempt/', to: 'did;' })).toEqual([])
    }))

  it('takes an answer once, only to a question that it asked, and not after an hour', () =>
    withAccounts(async ({ tab, server, world, alice }) => {
      const here = tab()
      const { url } = await here.signIn.begin(alice)
      const answer = await server.consent(url, alice)
      await here.signIn.finish(answer)
      for (const strange of [answer, '', 'state=x&code=y', 'x'.repeat(100_000)]) {
        expect(await refusal(here.signIn.finish(strange))).toEqual({ code: 'account.attempt-unknown' })
      }
      const late = await here.signIn.begin(alice)
      world.timers.advance(61 * 60_000)
      expect(await refusal(here.signIn.finish(await server.consent(late.url, alice)))).toEqual({
        code: 'account.attempt-unknown',
      })
    }))

  it('refuses another account than the one that was meant, and gives its session back', () =>
    withAccounts(async ({ tab, server, alice, bob }) => {
      const here = tab()
      const { url } = await here.signIn.begin(alice)
      expect(await refusal(here.signIn.finish(await server.consent(url, bob)))).toEqual({
        code: 'account.wrong-account',
        did: alice,
        found: bob,
      })
      expect(server.live.oauth).toBe(0)
      expect(await here.sessions.list()).toEqual([])
    }))

  it('takes anyone of a server that was named by its address', () =>
    withAccounts(async ({ tab, server, bob }) => {
      const here = tab()
      const { url } = await here.signIn.begin(PDS)
      expect(await here.signIn.finish(await server.consent(url, bob))).toMatchObject({ did: bob })
    }))

  it('refuses a server that answers for an account which lives elsewhere', () =>
    withAccounts(async ({ tab, server, move, alice }) => {
      const here = tab()
      const { url } = await here.signIn.begin(PDS)
      const answer = await server.consent(url, alice)
      await move(alice, OTHER_PDS)
      expect((await refusal(here.signIn.finish(answer)))['code']).not.toBe('account.refused')
      expect(await here.sessions.list()).toEqual([])
      expect(server.live.oauth).toBe(0)
    }))

  it('refuses an answer in another server’s name', () =>
    withAccounts(async ({ tab, server, alice }) => {
      const here = tab()
      const { url } = await here.signIn.begin(alice)
      server.pretend('https://evil.cairn-test.org')
      expect(await refusal(here.signIn.finish(await server.consent(url, alice)))).toMatchObject({
        code: 'account.not-its-server',
      })
      expect(await here.sessions.list()).toEqual([])
    }))

  it('says which servers have no such page, and which cannot be reached', () =>
    withAccounts(async ({ tab, server, world, move, alice }) => {
      const here = tab()
      await move(alice, OTHER_PDS)
      expect(await refusal(here.signIn.begin(alice))).toMatchObject({ code: 'pds.network' })
      world.json(`${OTHER_PDS}/xrpc/_health`, {})
      expect(await refusal(here.signIn.begin(alice))).toEqual({
        code: 'account.no-oauth',
        host: 'other.cairn-test.org',
      })
      server.down = true
      expect(await refusal(here.signIn.begin(PDS))).toMatchObject({ code: 'pds.network' })
    }))

  it('says that the clock is wrong when the server finds so', () =>
    withAccounts(async ({ tab, server, alice }) => {
      server.clockOff = true
      expect(await refusal(tab().signIn.begin(alice))).toMatchObject({ code: 'account.clock' })
    }))

  it('comes back to localhost by way of the loopback address, and refuses an address that servers do not take', () =>
    withAccounts(async ({ tab, world, alice }) => {
      const { url } = await tab('http://localhost:4000').signIn.begin(alice)
      const client = new URL(new URL(url).searchParams.get('client_id') ?? '')
      expect(client.searchParams.get('redirect_uri')).toBe(`http://127.0.0.1:4000${LOCALHOST_CALLBACK_PATH}`)
      world.json('https://app.cairn-test.org/oauth/client-metadata.json', {}, 404)
      expect(await refusal(tab('https://app.cairn-test.org').signIn.begin(alice))).toEqual({
        code: 'account.no-client',
        app: 'https://app.cairn-test.org',
      })
    }))
})

describe('a session', () => {
  it('is renewed when its token has ended, once for all who ask at once', () =>
    withAccounts(async ({ tab, signIn, server, alice }) => {
      const [one, two] = [tab(), tab()]
      await signIn(one, alice)
      await whoAmI(two, alice)
      server.expireAccess()
      expect(await Promise.all([whoAmI(one, alice), whoAmI(one, alice), whoAmI(one, alice)])).toEqual([
        alice,
        alice,
        alice,
      ])
      expect(await whoAmI(two, alice)).toBe(alice)
      expect(server.live.oauth).toBe(1)
      expect((await one.sessions.list())[0]?.state).toBe('active')
    }))

  it('that its server has ended says so, and stays as one that takes signing in again', () =>
    withAccounts(async ({ tab, signIn, server, alice, told }) => {
      const here = tab()
      await signIn(here, alice)
      server.endAll()
      const before = told()
      expect(await refusal(whoAmI(here, alice))).toMatchObject({ code: 'account.expired', did: alice })
      expect(told()).toBeGreaterThan(before)
      expect(await here.sessions.list()).toMatchObject([{ did: alice, state: 'expired', sealed: undefined }])
      expect(await here.sessions.of(alice)).toBeUndefined()
      await signIn(here, alice)
      expect(await whoAmI(here, alice)).toBe(alice)
    }))

  it('is not given up because its server is out of reach', () =>
    withAccounts(async ({ tab, signIn, server, alice }) => {
      const here = tab()
      await signIn(here, alice)
      server.expireAccess()
      server.down = true
      expect(await refusal(whoAmI(here, alice))).toMatchObject({ code: 'pds.network' })
      server.down = false
      expect(await whoAmI(here, alice)).toBe(alice)
    }))

  it('that is replaced by one which may do more is ended at the server', () =>
    withAccounts(async ({ tab, signIn, server, alice }) => {
      const here = tab()
      await signIn(here, alice, ['repo:*'])
      await signIn(here, alice, ['blob:*/*'])
      // it tells the server in its own time
      await expect.poll(() => server.live.oauth).toBe(1)
      expect((await here.sessions.list())[0]?.scopes).toEqual(['atproto', 'repo:*', 'blob:*/*'])
      await here.sessions.require(alice, 'write')
      expect(await refusal(here.sessions.require(alice, 'move'))).toMatchObject({
        code: 'account.scope',
        need: 'move',
        handle: 'alice.cairn-test.org',
      })
      expect(await whoAmI(here, alice)).toBe(alice)
    }))

  it('of a server that knows no narrow scopes is asked for in the older words', () =>
    withAccounts(async ({ tab, server, alice }) => {
      const here = tab()
      const known = (scopes: string[]) => scopes.filter((it) => /^(atproto|transition:)/.test(it))
      const first = await here.signIn.begin(alice, { scopes: ['repo:*', 'identity:*'] })
      const { lacking } = await here.signIn.finish(await server.consent(first.url, alice, known))
      expect(lacking).toEqual(['repo:*', 'identity:*'])
      const again = await here.signIn.begin(alice, { scopes: ['repo:*'] })
      let asked: string[] = []
      await here.signIn.finish(await server.consent(again.url, alice, (it) => (asked = known(it))))
      expect(asked).toEqual(['atproto', 'transition:generic'])
      await here.sessions.require(alice, 'write')
    }))

  it('whose key is gone from this device is one that takes signing in again', () =>
    withAccounts(async ({ tab, signIn, storage, alice }) => {
      await signIn(tab(), alice)
      await storage.write([{ type: 'delete', table: 'accounts', key: 'seal' }])
      const later = tab()
      expect(await refusal(whoAmI(later, alice))).toMatchObject({ code: 'account.expired' })
      expect((await later.sessions.list())[0]?.state).toBe('expired')
    }))
})

describe('signing out', () => {
  it('ends the session at the server and forgets it here', () =>
    withAccounts(async ({ tab, signIn, server, storage, alice, bob }) => {
      const here = tab()
      await signIn(here, alice)
      await signIn(here, bob)
      expect(await here.signIn.signOut(alice)).toEqual({ told: true })
      expect(server.live.oauth).toBe(1)
      expect(await refusal(whoAmI(here, alice))).toMatchObject({ code: 'account.not-signed-in' })
      expect(await whoAmI(here, bob)).toBe(bob)
      expect(await storage.keys('accounts', { from: 'leaving/', to: 'leaving0' })).toEqual([])
    }))

  it('out of reach of the server ends it here at once, and there when it can', () =>
    withAccounts(async ({ tab, signIn, server, world, alice }) => {
      const here = tab()
      await signIn(here, alice)
      server.down = true
      expect(await here.signIn.signOut(alice)).toEqual({ told: false })
      expect(await here.sessions.list()).toEqual([])
      expect(await here.signIn.leaving()).toMatchObject([{ did: alice, pds: PDS }])
      expect(server.live.oauth).toBe(1)
      server.down = false
      const pauses = world.timers.pending().filter((ms) => ms === 5_000)
      expect(pauses).toEqual([5_000])
      world.timers.advance(5_000)
      await expect.poll(() => server.live.oauth).toBe(0)
      await expect.poll(() => here.signIn.leaving()).toEqual([])
    }))

  it('that was not told is told by a later start, and given up after 90 days', () =>
    withAccounts(async ({ tab, signIn, server, world, alice }) => {
      const here = tab()
      await signIn(here, alice)
      server.down = true
      await here.signIn.signOut(alice)
      here.close()
      server.down = false
      tab().start()
      await expect.poll(() => server.live.oauth).toBe(0)

      const again = tab()
      await signIn(again, alice)
      server.down = true
      await again.signIn.signOut(alice)
      again.close()
      world.timers.advance(91 * 24 * 60 * 60_000)
      const last = tab()
      last.start()
      await expect.poll(() => last.signIn.leaving()).toEqual([])
    }))

  it('waits for a token that is being renewed, so that no token outlives it', () =>
    withAccounts(async ({ tab, signIn, server, storage, alice }) => {
      const here = tab()
      await signIn(here, alice)
      server.expireAccess()
      const store = accountStore(storage)
      const call = whoAmI(here, alice).catch(() => 'out')
      await here.signIn.signOut(alice)
      await call
      await store.lock(sessionLock(alice), async () => {})
      expect(await accountRow(store, alice)).toBeUndefined()
      await expect.poll(() => server.live.oauth).toBe(0)
    }))
})
