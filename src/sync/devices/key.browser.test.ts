import { deleteDB } from 'idb'
import { expect, it } from 'vitest'
import { issueCertificate, verifyCertificate } from '../../net/identity/certificate.ts'
import { openIndexedDb } from '../../storage/indexeddb/open.ts'
import { deviceKeyOf } from './key.ts'

const PEER = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'

it('the device key lies in IndexedDB as a key that cannot be read out; contexts that start at once have one', async () => {
  const name = `device-key-${performance.timeOrigin}`
  const [page, worker] = [await openIndexedDb({ name }), await openIndexedDb({ name })]
  try {
    const [one, two] = await Promise.all([deviceKeyOf(page), deviceKeyOf(worker)])
    expect(two.id).toBe(one.id)
    const kept = await worker.get('network', 'device-key')
    if (!(typeof kept === 'object' && kept !== null && 'privateKey' in kept)) throw new TypeError('no pair')
    const { privateKey } = kept
    if (!(privateKey instanceof CryptoKey)) throw new TypeError('no key')
    expect(privateKey.extractable).toBe(false)
    await expect(crypto.subtle.exportKey('pkcs8', privateKey)).rejects.toMatchObject({
      name: 'InvalidAccessError',
    })

    await page.close()
    const again = await openIndexedDb({ name })
    const later = await deviceKeyOf(again)
    await again.close()
    expect(later.id).toBe(one.id)
    const now = 1_795_000_000_000
    const bytes = await issueCertificate(later, { peer: PEER, now, lifeMs: 1000 })
    expect(await verifyCertificate(bytes, { peer: PEER, now })).toMatchObject({ device: one.id })
  } finally {
    await worker.close()
    await deleteDB(name)
  }
})
