import { describe, expect, it } from 'vitest'
import { verifySignature } from '../../repo/signature.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { readKeyCard } from '../key-card.ts'
import { createSpaceKeys } from './space-keys.ts'
import { codeOf } from './testing/codes.ts'

const space = 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/space/app.cairn.group/main'
const other = `${space}2`
const plain = new Uint8Array([1, 2, 3])

describe('the keys of a space on a disk that holds bytes only', () => {
  it('are one device for all that start at once, another in another space, and the same later', () =>
    withLevel(async (storage) => {
      const keys = createSpaceKeys({ storage })
      const again = createSpaceKeys({ storage })
      const all = await Promise.all([keys.device(space), again.device(space), keys.device(space)])
      const later = await again.device(space)
      expect(new Set([...all, later].map(({ id }) => id)).size).toBe(1)
      expect(later.card).toEqual(all[0].card)
      expect((await keys.device(other)).id).not.toBe(later.id)

      const card = await readKeyCard(later.card)
      expect(card.device).toBe(later.id)
      expect(await verifySignature(later.id, await later.signer.sign(plain), plain)).toBe('valid')
      const sealed = await keys.wrap.seal(card.key, plain, plain, plain)
      expect(await later.unwrap.open(sealed, plain, plain)).toEqual(plain)
    }))

  it('are new ones after a renewal, beside the old', () =>
    withLevel(async (storage) => {
      const keys = createSpaceKeys({ storage })
      const first = await keys.device(space)
      const [second, third] = [await keys.renew(space), await keys.renew(space)]
      expect((await keys.device(space)).id).toBe(third.id)
      expect((await keys.devices(space)).map(({ id }) => id)).toEqual([third.id, second.id, first.id])
    }))

  it('are never replaced when what is kept is damaged', () =>
    withLevel(async (storage) => {
      const keys = createSpaceKeys({ storage })
      const { card } = await keys.device(space)
      const { card: foreign } = await keys.device(other)
      const [row] = await storage.list('space-keys', { limit: 1 })
      const good = row?.value
      if (row === undefined || typeof good !== 'object') throw new Error('no row')
      const bad = new Uint8Array([9])
      const put = (value: unknown): Promise<void> =>
        storage.write([{ type: 'put', table: 'space-keys', key: row.key, value }])
      for (const value of [
        'none',
        { ...good, sign: bad },
        { ...good, agree: bad },
        { ...good, card: bad },
        { ...good, card: foreign },
        { card },
      ]) {
        await put(value)
        expect(await codeOf(() => keys.device(space))).toBe('keys.damaged')
        expect(await codeOf(() => keys.devices(space))).toBe('keys.damaged')
      }
      await put(good)
      expect((await keys.device(space)).card).toEqual(card)
    }))

  it('keep shared secrets, and go when the space is forgotten, alone', () =>
    withLevel(async (storage) => {
      const keys = createSpaceKeys({ storage })
      const { id } = await keys.device(space)
      const kept = new Uint8Array([5, 6])
      await keys.keepSecret(space, 'authority', kept)
      await keys.keepSecret(other, 'authority', plain)
      kept.fill(0)
      expect(await keys.secret(space, 'authority')).toEqual(new Uint8Array([5, 6]))
      expect(await keys.secret(space, 'link')).toBeUndefined()
      await keys.keepSecret(space, 'did:key:zLink', plain)
      await keys.dropSecret(space, 'did:key:zLink')
      expect(await keys.secret(space, 'did:key:zLink')).toBeUndefined()

      await keys.forget(space)
      expect(await storage.keys('space-keys')).toEqual([`${other}/secret/authority`])
      expect((await keys.device(space)).id).not.toBe(id)
    }))

  it('are refused for what is no space, name or key', () =>
    withLevel(async (storage) => {
      const keys = createSpaceKeys({ storage })
      for (const bad of ['', 'at://did:plc:x/space', `${space}/more`, `${space}/`]) {
        expect(await codeOf(() => keys.device(bad))).toBe('keys.invalid')
        expect(await codeOf(() => keys.forget(bad))).toBe('keys.invalid')
        expect(await codeOf(() => keys.devices(bad))).toBe('keys.invalid')
      }
      for (const name of ['', 'a/b', 'é', 'x'.repeat(201)])
        expect(await codeOf(() => keys.keepSecret(space, name, plain))).toBe('keys.invalid')
      for (const size of [0, 4097])
        expect(await codeOf(() => keys.keepSecret(space, 'a', new Uint8Array(size)))).toBe('keys.invalid')
      expect(await storage.keys('space-keys')).toEqual([])
    }))

  it('are not made when the storage fails for another reason', () =>
    withLevel(async (storage) => {
      await storage.close()
      expect(await codeOf(() => createSpaceKeys({ storage }).device(space))).toMatch(/^storage\.gone/)
    }))
})
