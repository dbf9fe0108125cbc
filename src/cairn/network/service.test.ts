import { describe, expect, it } from 'vitest'
import type { TransferStatus } from '../api.ts'
import { withDevices } from './testing/device-kit.ts'

describe('two devices that keep the same repo', () => {
  it('find each other, follow new heads, and prove what they hold', () =>
    withDevices(async ({ pds, device }) => {
      const alice = await pds.account({ name: 'alice' })
      const [one, two] = await Promise.all([device(), device()])
      const [first, second] = await Promise.all([one.online(), two.online()])
      await one.backUp(alice.did)
      await two.backUp(alice.did)
      const known = await one.until(async () => {
        const copy = await one.copy(alice.did, second)
        return copy?.state === 'current' && copy
      })
      expect(known).toMatchObject({ kind: 'device', rev: alice.repo.rev, online: true })
      expect((await one.cairn.network.status()).peers).toMatchObject([
        { peer: second, path: 'relayed', shared: [alice.did] },
      ])

      alice.commit({ create: 2 })
      await one.backUp(alice.did)
      // Its server is not asked by the other: the head comes from the first device.
      pds.offline = true
      const sent: TransferStatus[] = []
      await two.until(async () => {
        const { transfers } = await one.cairn.network.status()
        sent.push(...transfers.filter((it) => it.direction === 'out'))
        return (await two.cairn.library.get(alice.did))?.head?.rev === alice.repo.rev
      })
      // What left the first device was seen to leave it.
      expect(sent).toContainEqual(
        expect.objectContaining({ did: alice.did, peer: second, what: 'changes', totalBytes: undefined }),
      )
      expect(sent.some((it) => it.bytes > 0)).toBe(true)
      await two.cairn.network.namePeer(first, "Ana's laptop")
      const [note] = await two.until(async () => {
        const notes = await two.notes('peer.pulled')
        return notes.length > 0 && notes
      })
      expect(note).toMatchObject({
        did: alice.did,
        level: 'good',
        fields: { changed: true, added: 2, peer: first, peerName: "Ana's laptop", rung: 'pack' },
      })
      expect((await two.cairn.library.get(alice.did))?.head?.source).toBe('peer')

      const proven = await two.cairn.network.challenge(alice.did, first)
      expect(proven).toMatchObject({ peer: first, challenge: { ok: true } })
    }))
})
