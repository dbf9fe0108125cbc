import { describe, expect, it } from 'vitest'
import { type LocalPds, send } from '../../sync/testing/local-pds.ts'
import type { TestAccount } from '../../sync/testing/account.ts'
import { withDevices } from '../network/testing/device-kit.ts'

/** The server answers `getRecord` with what proves it, out of this account's repo. */
const giveProofs = (pds: LocalPds, account: TestAccount): void =>
  pds.always('getRecord', (response) =>
    send(response, {
      status: 200,
      type: 'application/vnd.ipld.car',
      body: Buffer.concat([...account.repo.car()]),
    }),
  )

describe('a claim to an account', () => {
  it('is proven by the record in its own repo, and by nothing else', () =>
    withDevices(async ({ pds, device }) => {
      const [alice, mallory] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'mallory' })]
      const one = await device()
      await one.online()
      const { spaces } = one.cairn
      const self = async (space: string) => (await spaces.get(space))?.persons.find(({ isSelf }) => isSelf)
      const looked = (): number => pds.asked.filter((it) => it === 'getRecord').length

      // A boast: the account says nothing of it.
      const { space: shed } = await spaces.create({ title: 'Shed', name: 'Anna' })
      giveProofs(pds, alice)
      await spaces.setAccount(shed, alice.did)
      expect((await self(shed))?.account).toMatchObject({ did: alice.did, proven: false, handle: undefined })
      await one.until(async () => looked() === 1)

      const { space } = await spaces.create({ title: 'Orchard', name: 'Anna' })
      const recordFor = async (of: string) => {
        const { uri, collection, rkey, value } = await spaces.accountRecord(of, alice.did)
        expect(uri).toBe(`at://${alice.did}/${collection}/${rkey}`)
        return { path: `${collection}/${rkey}`, value }
      }
      alice.commit({ create: [await recordFor(space)] })
      await spaces.setAccount(space, alice.did)
      await one.until(async () => (await self(space))?.account?.proven === true)
      const after = looked()
      // The answer holds for a while.
      expect((await self(space))?.account).toMatchObject({
        ...{ did: alice.did, proven: true, handle: alice.handle, from: 'server' },
      })
      expect(looked()).toBe(after)
      expect((await self(shed))?.account?.proven).toBe(false)

      // The same record under another name, and signed by another, proves nothing.
      await spaces.setAccount(space, mallory.did)
      await self(space)
      await one.until(async () => looked() > after)
      expect((await self(space))?.account).toMatchObject({ did: mallory.did, proven: false })

      // A record that came meanwhile counts as soon as somebody asks.
      alice.commit({ create: [await recordFor(shed)] })
      giveProofs(pds, alice)
      const { person = '' } = (await self(shed)) ?? {}
      expect(await spaces.checkAccount(shed, person)).toBe(true)
      expect((await self(shed))?.account?.proven).toBe(true)

      await spaces.setAccount(space, undefined)
      expect((await self(space))?.account).toBeUndefined()
    }))

  it('is read from a copy that is kept here while the server is away', () =>
    withDevices(async ({ pds, device }) => {
      const alice = await pds.account({ name: 'alice' })
      const one = await device()
      await one.online()
      const { spaces } = one.cairn
      const { space } = await spaces.create({ title: 'Orchard', name: 'Anna' })
      const { collection, rkey, value } = await spaces.accountRecord(space, alice.did)
      alice.commit({ create: [{ path: `${collection}/${rkey}`, value }] })
      await one.backUp(alice.did)
      pds.offline = true
      await spaces.setAccount(space, alice.did)
      const account = await one.until(async () => {
        const said = (await spaces.get(space))?.persons[0]?.account
        return said?.proven === true && said
      })
      expect(account).toMatchObject({ did: alice.did, handle: alice.handle, from: 'copy' })
    }))

  it('is made for accounts only', () =>
    withDevices(async ({ device }) => {
      const { spaces } = (await device()).cairn
      const { space } = await spaces.create({ title: 'Orchard', name: 'Anna' })
      await expect(spaces.setAccount(space, 'alice')).rejects.toMatchObject({ code: 'content.invalid' })
      await expect(spaces.accountRecord(space, 'alice')).rejects.toMatchObject({ code: 'persons.invalid' })
    }))
})
