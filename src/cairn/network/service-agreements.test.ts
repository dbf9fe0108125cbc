import { describe, expect, it } from 'vitest'
import { withDevices } from './testing/device-kit.ts'

describe('an agreement', () => {
  it('has both keep the other one’s repo, and ends with both copies', () =>
    withDevices(async ({ pds, device }) => {
      const [alice, bob] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'bob' })]
      const [one, two] = await Promise.all([device(), device()])
      const [first, second] = await Promise.all([one.online(), two.online()])
      await Promise.all([one.backUp(alice.did), two.backUp(bob.did)])

      const offered = await one.cairn.network.offer({ peer: second, ours: alice.did, theirs: bob.did })
      expect(offered).toMatchObject({ state: 'offered', waiting: false, peer: second })
      const incoming = await two.until(async () => (await two.cairn.network.agreements())[0])
      expect(incoming).toMatchObject({ state: 'incoming', peer: first, ours: bob.did, theirs: alice.did })

      const accepted = await two.cairn.network.accept(incoming.id)
      expect(accepted).toMatchObject({ state: 'active', waiting: false })
      // Whoever offered keeps theirs too, without being asked again.
      const rev = async (at: typeof one, did: string) => (await at.cairn.library.get(did))?.head?.rev
      await two.until(async () => (await rev(two, alice.did)) === alice.repo.rev)
      await one.until(async () => (await rev(one, bob.did)) === bob.repo.rev)
      expect((await one.cairn.network.agreements())[0]?.state).toBe('active')

      await two.cairn.network.endAgreement(accepted.id, true)
      expect(await two.cairn.library.get(alice.did)).toBeUndefined()
      expect(await one.cairn.library.get(bob.did)).toBeUndefined()
      // What was kept before anything was agreed stays.
      expect(await rev(one, alice.did)).toBe(alice.repo.rev)
      expect(await rev(two, bob.did)).toBe(bob.repo.rev)
      expect(await two.cairn.network.agreements()).toMatchObject([
        { state: 'ended', endedBy: 'us', purged: 'purged' },
      ])
      expect(await one.cairn.network.agreements()).toMatchObject([{ state: 'ended', endedBy: 'them' }])

      // Both can read afterwards what happened, and who did it.
      const history = async (at: typeof one, other: string, did: string) => {
        const about = { peer: other, ours: did, theirs: did === alice.did ? bob.did : alice.did }
        for (const kind of ['offered', 'accepted', 'ended'] as const) {
          const [note, ...more] = await at.until(async () => {
            const notes = await at.notes(`agreement.${kind}`)
            return notes.length > 0 && notes
          })
          expect(more).toEqual([])
          const byOne = kind === 'offered'
          const by = (at === one) === byOne ? 'us' : 'them'
          expect(note).toMatchObject({ did, fields: { ...about, by } })
        }
      }
      await history(one, second, alice.did)
      await history(two, first, bob.did)
    }))

  it('is with the device: its service worker is given an unlisted copy too, a stranger is not', () =>
    withDevices(async ({ pds, device, as }) => {
      const [alice, bob] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'bob' })]
      const [one, page, stranger] = await Promise.all([device(), device(), device()])
      const [first, second] = await Promise.all([one.online(), page.online(), stranger.online()])
      // Nothing is ever announced: they share no topic.
      for (const [at, { did }] of [
        [one, alice],
        [page, bob],
        [page, alice],
        [one, bob],
      ] as const)
        await at.cairn.network.setListed(did, false)
      await Promise.all([one.backUp(alice.did), page.backUp(bob.did)])
      await one.cairn.network.offer({ peer: second, ours: alice.did, theirs: bob.did })
      const incoming = await page.until(async () => (await page.cairn.network.agreements())[0])
      await page.cairn.network.accept(incoming.id)
      await page.until(async () => (await page.cairn.library.get(alice.did))?.head)
      expect(await page.cairn.network.challenge(alice.did, first)).toMatchObject({ challenge: { ok: true } })

      const worker = await as(page, 'service-worker')
      expect(await worker.online()).not.toBe(second)
      expect(await worker.cairn.network.challenge(alice.did, first)).toMatchObject({
        challenge: { ok: true },
      })
      await stranger.backUp(alice.did)
      expect(await stranger.cairn.network.challenge(alice.did, first)).toMatchObject({
        challenge: { ok: false, code: 'sync.peer-lacks' },
      })
    }))

  it('lets someone who keeps the repo already hear of an unlisted copy at once', () =>
    withDevices(async ({ pds, device }) => {
      const [alice, bob] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'bob' })]
      const [one, two] = await Promise.all([device(), device()])
      const [first, second] = await Promise.all([one.online(), two.online()])
      await one.cairn.network.setListed(alice.did, false)
      await Promise.all([one.backUp(alice.did), two.backUp(alice.did)])
      // They share two repos: what is not for everyone is not all by which they are linked.
      await Promise.all([one.backUp(bob.did), two.backUp(bob.did)])
      await two.until(async () => {
        const { peers } = await two.cairn.network.status()
        return peers.some(({ peer, shared }) => peer === first && shared.length === 2)
      })
      await two.until(async () => (await two.copy(bob.did, first))?.state === 'current')
      expect(await two.copy(alice.did, first)).toBeUndefined()

      await one.cairn.network.offer({ peer: second, ours: alice.did })
      const incoming = await two.until(async () => (await two.cairn.network.agreements())[0])
      await two.cairn.network.accept(incoming.id)
      await two.until(async () => (await two.copy(alice.did, first))?.state === 'current')
      // And of each new head from then on.
      alice.commit({ create: 1 })
      await one.backUp(alice.did)
      pds.offline = true
      await two.until(async () => (await two.cairn.library.get(alice.did))?.head?.rev === alice.repo.rev)
    }))

  it('that was offered while the other side was away reaches it when both are there', () =>
    withDevices(async ({ pds, device, as }) => {
      const [alice, bob] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'bob' })]
      const [one, two] = await Promise.all([device(), device()])
      const [first, second] = await Promise.all([one.online(), two.online()])
      await Promise.all([one.backUp(alice.did), two.backUp(bob.did)])
      await two.close()
      const offered = await one.cairn.network.offer({ peer: second, ours: alice.did, theirs: bob.did })
      expect(offered).toMatchObject({ state: 'offered', waiting: true })
      const again = await as(two, 'page')
      await again.online()
      // They have no repo in common, and nothing else by which they would meet.
      await (await as(one, 'page')).online()
      const incoming = await again.until(async () => (await again.cairn.network.agreements())[0])
      expect(incoming).toMatchObject({ state: 'incoming', peer: first, ours: bob.did, theirs: alice.did })
    }))

  it('leaves a copy that a person asked for by themselves since', () =>
    withDevices(async ({ pds, device }) => {
      const [alice, bob] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'bob' })]
      const [one, two] = await Promise.all([device(), device()])
      const [, second] = await Promise.all([one.online(), two.online()])
      await Promise.all([one.backUp(alice.did), two.backUp(bob.did)])
      await one.cairn.network.offer({ peer: second, ours: alice.did, theirs: bob.did })
      const incoming = await two.until(async () => (await two.cairn.network.agreements())[0])
      await two.cairn.network.accept(incoming.id)
      await two.until(async () => (await two.cairn.library.get(alice.did))?.head)

      const { url } = await one.cairn.network.keepLink(alice.did)
      const { job, did } = await two.cairn.network.keep(url)
      expect(did).toBe(alice.did)
      await two.until(async () =>
        (await two.cairn.activity.jobs()).find((it) => it.id === job && it.endedAt !== undefined),
      )
      await one.cairn.network.endAgreement((await one.cairn.network.agreements())[0]?.id ?? '', true)
      expect(await one.cairn.network.agreements()).toMatchObject([{ state: 'ended', purged: 'kept' }])
      expect((await two.cairn.library.get(alice.did))?.head?.rev).toBe(alice.repo.rev)
    }))
})
