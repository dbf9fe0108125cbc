import { describe, expect, it } from 'vitest'
import { areTablesDue } from '../repo/k256-verify.ts'
import { jsonAnswer, send } from './testing/local-pds.ts'
import { contents, wanted, withSync } from './testing/sync-kit.ts'
import { takeIn } from './take-in.ts'

describe('a repo that is taken in', () => {
  it('comes while its author is still asked for, and is proven by the answer', () =>
    withSync(async ({ pds, storage, host, work }) => {
      const alice = await pds.account({ name: 'alice' })
      const begun = Promise.withResolvers<void>()
      // The directory answers once bytes are on their way, and not before.
      pds.always('plc', (response, serve) => void begun.promise.then(() => send(response, serve())))
      const { snapshot } = await takeIn(host, pds.endpoints, {
        did: alice.did,
        source: 'file',
        label: 'alice',
        work: work(),
        async feed(session) {
          begun.resolve()
          for (const chunk of alice.repo.car('preorder')) await session.write(chunk)
        },
      })
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(snapshot).toMatchObject({ signature: 'current-key', signedBy: alice.repo.didKey })
      expect(await contents(storage, snapshot)).toEqual(wanted(alice.repo))
    }))

  it('leaves nothing when what is said of its author contradicts itself', () =>
    withSync(async ({ pds, storage, host, work }) => {
      const alice = await pds.account({ name: 'alice' })
      pds.always('plc', (response, serve) => {
        const said: unknown = JSON.parse(Buffer.from(serve().body).toString())
        // A log without its beginning is nobody's.
        send(response, Array.isArray(said) ? jsonAnswer([{ ...said[0], operation: {} }]) : serve())
      })
      const refused = takeIn(host, pds.endpoints, {
        did: alice.did,
        source: 'peer',
        label: 'alice',
        work: work(),
        async feed(session) {
          for (const chunk of alice.repo.car('revision')) await session.write(chunk)
        },
      })
      await expect(refused).rejects.toMatchObject({ code: 'pds.plc-log-invalid' })
      expect(await storage.count('imports')).toBe(0)
      expect(await storage.byteKeys()).toEqual([])
    }))

  it('has a table made for a key that signs often, when nobody waits for it', () =>
    withSync(async ({ pds, host, timers, work }) => {
      const carol = await pds.account({ name: 'carol' })
      const take = () =>
        takeIn(host, pds.endpoints, {
          did: carol.did,
          source: 'file',
          label: 'carol',
          work: work(),
          async feed(session) {
            for (const chunk of carol.repo.car('preorder')) await session.write(chunk)
          },
        })
      for (let i = 0; i < 7; i++) await take()
      expect(areTablesDue()).toBe(false)
      await take()
      expect(areTablesDue()).toBe(true)
      timers.fire(2000)
      expect(areTablesDue()).toBe(false)
      await take()
      expect(areTablesDue()).toBe(false)
    }))
})
