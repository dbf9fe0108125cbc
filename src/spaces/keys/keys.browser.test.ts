import { deleteDB } from 'idb'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../core/bytes.ts'
import { verifySignature } from '../../repo/signature.ts'
import { openIndexedDb } from '../../storage/indexeddb/open.ts'
import { readKeyCard } from '../key-card.ts'
import { agreementOfScalar } from './agreement.ts'
import { readRecoveryFile } from './file.ts'
import { createKeyUnwrap } from './hpke.ts'
import { recoveryDevice, seedDevice } from './recovery-device.ts'
import { openRecoveryNote } from './recovery-note.ts'
import { createSpaceKeys } from './space-keys.ts'
import notes from './vectors/recovery-note.json'
import recovery from './vectors/recovery.json'
import rfc from './vectors/rfc9180.json'
import { recoveryOfWords } from './words.ts'

const space = 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/space/app.cairn.group/main'
const bytes = (hex: string): Uint8Array<ArrayBuffer> => fromHex(hex) ?? new Uint8Array()

describe('the keys of a space in IndexedDB', () => {
  it('cannot be read out, and are the same after a reopening and for all that start at once', async () => {
    const name = `space-keys-${performance.timeOrigin}`
    const [page, worker] = [await openIndexedDb({ name }), await openIndexedDb({ name })]
    try {
      const [one, two] = await Promise.all([
        createSpaceKeys({ storage: page }).device(space),
        createSpaceKeys({ storage: worker }).device(space),
      ])
      expect(two.id).toBe(one.id)
      const [row] = await worker.list('space-keys')
      const secrets = privateKeysIn(row?.value)
      expect(secrets.map((it) => it.algorithm.name).sort()).toEqual(['ECDH', 'ECDSA'])
      for (const secret of secrets) {
        expect(secret.extractable).toBe(false)
        for (const format of ['pkcs8', 'jwk'] as const)
          await expect(crypto.subtle.exportKey(format, secret)).rejects.toMatchObject({
            name: 'InvalidAccessError',
          })
      }

      await page.close()
      const again = await openIndexedDb({ name })
      const keys = createSpaceKeys({ storage: again })
      const later = await keys.device(space)
      expect(later.card).toEqual(one.card)
      const plain = new Uint8Array([1, 2, 3])
      expect(await verifySignature(later.id, await later.signer.sign(plain), plain)).toBe('valid')
      const { key } = await readKeyCard(later.card)
      expect(await later.unwrap.open(await keys.wrap.seal(key, plain, plain, plain), plain, plain)).toEqual(
        plain,
      )

      const renewed = await keys.renew(space)
      expect((await keys.devices(space)).map(({ id }) => id)).toEqual([renewed.id, one.id])
      await keys.forget(space)
      expect(await again.keys('space-keys')).toEqual([])
      await again.close()
    } finally {
      await worker.close()
      await deleteDB(name)
    }
  })

  it('open what the vectors sealed', async () => {
    const row = rfc.find((it) => it.aead === 2)
    if (row === undefined) throw new Error('no vector')
    const own = createKeyUnwrap('did:key:x', await agreementOfScalar(bytes(row.skRm)))
    const sealed = { enc: bytes(row.enc), sealed: bytes(row.ct) }
    expect(toHex((await own.open(sealed, bytes(row.info), bytes(row.aad))) ?? new Uint8Array())).toBe(row.pt)
  })
})

it('words and a file give the same recovery device in a browser', async () => {
  const found = await recoveryOfWords(recovery.words)
  expect(toHex(found.secret)).toBe(recovery.secretHex)
  const device = await recoveryDevice(found, recovery.space)
  expect([device.id, toHex(device.card)]).toEqual([recovery.device, recovery.cardHex])
  const file = await readRecoveryFile(recovery.file, recovery.passphrase)
  expect(toHex(file.recovery.secret)).toBe(recovery.secretHex)
  expect(file.list.spaces[0]?.space).toBe(recovery.space)
})

it.each(notes)('what one device tells another of a recovery opens in a browser: $device', async (row) => {
  const to = await seedDevice(bytes(row.toSeedHex), row.space)
  expect(to.id).toBe(row.to)
  const told = await openRecoveryNote(row, bytes(row.hex), to.unwrap)
  expect(told).toEqual({
    finder: {
      ...{ place: row.place, owner: row.owner },
      ...{ listKey: bytes(row.listKeyHex), publicKey: bytes(row.publicKeyHex) },
    },
    ...{ confirmedAt: row.confirmedAt, device: row.device },
  })
})

function privateKeysIn(value: unknown): CryptoKey[] {
  if (value instanceof CryptoKey) return value.type === 'private' ? [value] : []
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return []
  return Object.values(value).flatMap(privateKeysIn)
}
