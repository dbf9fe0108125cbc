import { deleteDB } from 'idb'
import { expect, it } from 'vitest'
import { accountStore } from '../../cairn/accounts/store.ts'
import { openIndexedDb } from '../../storage/indexeddb/open.ts'
import { DpopKey, makeDpopPair } from './dpop-key.ts'
import { attemptStore } from './oauth-stores.ts'
import { openSeal } from './seal.ts'

const name = (): string => `seal-${crypto.randomUUID()}`

it('in IndexedDB the key that seals cannot be read out; contexts that start at once have one', async () => {
  const database = name()
  const [page, worker] = [await openIndexedDb({ name: database }), await openIndexedDb({ name: database })]
  try {
    const [one, two] = await Promise.all([openSeal(accountStore(page)), openSeal(accountStore(worker))])
    expect([one.holdsKeys, two.holdsKeys]).toEqual([true, true])
    const sealed = await one.seal('did:plc:a', { token: 'secret' })
    expect(await two.open('did:plc:a', sealed)).toEqual({ token: 'secret' })
    expect(await two.open('did:plc:b', sealed)).toBeUndefined()
    expect(
      await two.open('did:plc:a', { ...sealed, bytes: sealed.bytes.map((byte) => byte ^ 1) }),
    ).toBeUndefined()
    const key = await worker.get('accounts', 'seal')
    if (!(key instanceof CryptoKey)) throw new TypeError('no key')
    expect(key.extractable).toBe(false)
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toMatchObject({ name: 'InvalidAccessError' })
  } finally {
    await page.close()
    await worker.close()
    await deleteDB(database)
  }
})

it('in IndexedDB the key that tokens are bound to is kept as it is, and cannot be read out', async () => {
  const database = name()
  const storage = await openIndexedDb({ name: database })
  try {
    const store = accountStore(storage)
    const parts = { store, seal: await openSeal(store), clock: { now: () => 1_000 } }
    const made = await DpopKey.of(await makeDpopPair(false))
    const attempt = {
      iss: 'https://pds.example.org',
      verifier: 'secret',
      authMethod: { method: 'none' as const },
    }
    await attemptStore(parts).set('state', { ...attempt, dpopKey: made })
    const row = await storage.get('accounts', 'attempt/state')
    if (typeof row !== 'object' || row === null || !('key' in row)) throw new TypeError('no row')
    const pair = row.key as CryptoKeyPair
    await expect(crypto.subtle.exportKey('jwk', pair.privateKey)).rejects.toMatchObject({
      name: 'InvalidAccessError',
    })
    const again = await attemptStore(parts).get('state')
    expect(again?.verifier).toBe('secret')
    expect(again?.dpopKey.bareJwk).toEqual(made.bareJwk)
    const jwt = await again?.dpopKey.createJwt({ alg: 'ES256' }, { jti: 'x' })
    expect(jwt?.split('.')).toHaveLength(3)
  } finally {
    await storage.close()
    await deleteDB(database)
  }
})
