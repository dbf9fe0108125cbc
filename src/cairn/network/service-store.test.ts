import { describe, expect, it } from 'vitest'
import { noteCopy } from '../../sync/peers/copy-rows.ts'
import { withDevices } from './testing/device-kit.ts'

describe('a store', () => {
  it('keeps what it is asked for, and gives it to a third while the server is away, blobs too', () =>
    withDevices(async ({ pds, device, relay, urlOf }) => {
      const alice = await pds.account({ name: 'alice' })
      const picture = new TextEncoder().encode('a picture of a cairn')
      const cid = alice.addBlob(picture)
      const image = { $type: 'blob', ref: { $link: cid }, mimeType: 'image/png', size: picture.length }
      alice.commit({
        create: [{ path: 'app.bsky.feed.post/picture', value: { $type: 'app.bsky.feed.post', image } }],
      })
      const one = await device()
      await one.online()
      await one.backUp(alice.did)
      await one.cairn.network.keepAtStore(alice.did, urlOf(relay))
      expect(await one.copy(alice.did, relay.peerId)).toMatchObject({
        kind: 'store',
        state: 'current',
        rev: alice.repo.rev,
        online: true,
      })
      expect(await one.cairn.network.challenge(alice.did, relay.peerId)).toMatchObject({
        challenge: { ok: true },
      })

      // The store takes up a new head when a device that has it says so.
      alice.commit({ create: 1 })
      await one.backUp(alice.did)
      await one.until(async () => (await one.copy(alice.did, relay.peerId))?.rev === alice.repo.rev)

      pds.offline = true
      const third = await device()
      await third.online()
      const job = await third.backUp(alice.did)
      expect(job).toMatchObject({ state: 'done', result: { changed: true } })
      const summary = await third.cairn.library.get(alice.did)
      expect(summary?.head).toMatchObject({ rev: alice.repo.rev, source: 'peer', signature: 'current-key' })
      // A whole repo comes from a store the fast way.
      expect(third.fetched.filter((it) => it.startsWith(urlOf(relay)))).toContainEqual(
        expect.stringContaining('/xrpc/com.atproto.sync.getRepo?'),
      )
      const blob = await third.cairn.library.blob(alice.did, cid)
      expect(new Uint8Array(await blob.arrayBuffer())).toEqual(picture)
    }))
})

describe('a new head', () => {
  it('reaches every store that keeps the repo, whatever another one says to it', () =>
    withDevices(async ({ pds, device, relay, startRelay, urlOf }) => {
      const tokens = ['a token that the device does not have']
      const strict = await startRelay({ admission: { mode: 'token', tokens } })
      const willing = await startRelay()
      const alice = await pds.account({ name: 'alice' })
      const one = await device()
      await one.online()
      await one.backUp(alice.did)
      // The one that refuses comes before the one that does not.
      await one.cairn.network.addRelay(urlOf(strict))
      await one.cairn.network.addRelay(urlOf(willing))
      // All are asked what they have, and nobody asks again for a while.
      await one.until(async () =>
        (await one.cairn.network.status()).relays.every((it) => it.state === 'connected'),
      )
      await one.cairn.network.catchUp()
      // Both kept it, as far as this device knows.
      for (const { peerId } of [strict, willing])
        await noteCopy(one.storage, alice.did, peerId, { kind: 'store', rev: alice.repo.rev })
      const { rev: before } = alice.repo

      alice.commit({ create: 1 })
      await one.backUp(alice.did)
      await one.until(async () => (await one.copy(alice.did, willing.peerId))?.rev === alice.repo.rev)
      expect(await one.copy(alice.did, strict.peerId)).toMatchObject({ rev: before })
      expect(await one.copy(alice.did, relay.peerId)).toBeUndefined()
    }))

  it('is handed to a store as a list of what changed, which it proves and keeps', () =>
    withDevices(async ({ pds, device, startRelay, urlOf }) => {
      const taken: unknown[] = []
      const store = await startRelay({
        log: (_level, event, fields) => {
          if (event === 'packs.push-taken') taken.push(fields?.['did'])
        },
      })
      const alice = await pds.account({ name: 'alice' })
      const one = await device()
      await one.online()
      await one.cairn.network.addRelay(urlOf(store))
      await one.backUp(alice.did)
      await one.until(async () =>
        (await one.cairn.network.status()).relays.every((it) => it.state === 'connected'),
      )
      await one.cairn.network.keepAtStore(alice.did, urlOf(store))
      alice.commit({ create: 2, update: 1, delete: 1 })
      await one.backUp(alice.did)
      await one.until(async () => (await one.copy(alice.did, store.peerId))?.rev === alice.repo.rev)
      expect(taken).toEqual([alice.did])
      expect(await one.cairn.network.challenge(alice.did, store.peerId)).toMatchObject({
        challenge: { ok: true },
      })
    }))
})

describe('an unlisted copy', () => {
  it('is not announced, and not given to strangers', () =>
    withDevices(async ({ pds, device, relay }) => {
      const alice = await pds.account({ name: 'alice' })
      const [one, two] = await Promise.all([device(), device()])
      const [first] = await Promise.all([one.online(), two.online()])
      await one.backUp(alice.did)
      await one.cairn.network.setListed(alice.did, false)
      expect(await one.cairn.network.listed(alice.did)).toBe(false)
      await two.backUp(alice.did)
      await two.cairn.network.copies(alice.did, { fresh: true })
      expect(await two.copy(alice.did, first)).toBeUndefined()
      // A stranger who guesses whom to ask gets nothing either.
      const refused = await two.cairn.network.challenge(alice.did, first)
      expect(refused.challenge).toMatchObject({ ok: false, code: 'sync.peer-lacks' })

      await one.cairn.network.setListed(alice.did, true)
      await two.until(async () => (await two.copy(alice.did, first))?.state === 'current')
      expect(await two.cairn.network.challenge(alice.did, first)).toMatchObject({ challenge: { ok: true } })
      expect(relay.peerId).not.toBe(first)
    }))
})
