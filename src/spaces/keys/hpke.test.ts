import { join } from 'node:path'
import { Aes128Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../core/bytes.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { makeEpoch } from '../epochs/keys.ts'
import { parseWrap, unwrapEpoch, wrapEpoch } from '../epochs/wrap.ts'
import { readKeyCard } from '../key-card.ts'
import { createTestDevice, randomFrom, vectorText } from '../testing/kit.ts'
import { agreementOfScalar, makeAgreement, pointOf } from './agreement.ts'
import { createHpkeSuite } from './hpke-suite.ts'
import { createKeyUnwrap, createKeyWrap } from './hpke.ts'
import { recoveryDevice } from './recovery-device.ts'
import { codeOf } from './testing/codes.ts'
import rfc from './vectors/rfc9180.json'
import wraps from './vectors/wrap.json'

const bytes = (hex: string): Uint8Array<ArrayBuffer> => fromHex(hex) ?? new Uint8Array()

describe('HPKE', () => {
  it.each(rfc)('has the bytes of $from', async (row) => {
    const suite =
      row.aead === 2
        ? createHpkeSuite()
        : new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes128Gcm() })
    expect([suite.kem.id, suite.kdf.id, suite.aead.id]).toEqual([0x10, 1, row.aead])
    const recipient = await suite.kem.deriveKeyPair(bytes(row.ikmR))
    expect(toHex(await pointOf(recipient.publicKey))).toBe(row.pkRm)
    const params = { recipientPublicKey: recipient.publicKey, info: bytes(row.info), ekm: bytes(row.ikmE) }
    const { enc, ct } = await suite.seal(params, bytes(row.pt), bytes(row.aad))
    expect([toHex(new Uint8Array(enc)), toHex(new Uint8Array(ct))]).toEqual([row.enc, row.ct])
  })

  it("opens the authors' vector with a private key that cannot be read out", async () => {
    const row = rfc.find((it) => it.aead === 2)
    if (row === undefined) throw new Error('no vector')
    const pair = await agreementOfScalar(bytes(row.skRm))
    expect(pair.privateKey.extractable).toBe(false)
    expect(toHex(await pointOf(pair.publicKey))).toBe(row.pkRm)
    const own = createKeyUnwrap('did:key:x', pair)
    const sealed = { enc: bytes(row.enc), sealed: bytes(row.ct) }
    expect(toHex((await own.open(sealed, bytes(row.info), bytes(row.aad))) ?? new Uint8Array())).toBe(row.pt)
  })

  it('opens for one key, one info and one additional data, and never throws for what came from others', async () => {
    const pair = await makeAgreement(false)
    const other = createKeyUnwrap('did:key:x', await makeAgreement(false))
    const own = createKeyUnwrap('did:key:x', pair)
    const [info, additional, plain] = [bytes('01'), bytes('02'), bytes('0304')]
    const it = await createKeyWrap().seal(await pointOf(pair.publicKey), info, additional, plain)
    expect([it.enc.length, it.sealed.length]).toEqual([65, 18])
    expect(await own.open(it, info, additional)).toEqual(plain)
    expect(await other.open(it, info, additional)).toBeUndefined()
    expect(await own.open(it, additional, additional)).toBeUndefined()
    expect(await own.open(it, info, info)).toBeUndefined()
    for (const part of ['enc', 'sealed'] as const) {
      for (let at = 0; at < it[part].length; at += 7) {
        const bad = it[part].slice()
        bad[at] = (bad[at] ?? 0) ^ 1
        expect(await own.open({ ...it, [part]: bad }, info, additional)).toBeUndefined()
      }
      for (const bad of [new Uint8Array(), new Uint8Array(65), it[part].slice(1)])
        expect(await own.open({ ...it, [part]: bad }, info, additional)).toBeUndefined()
    }
  })

  it('seals for no key that is none', async () => {
    const empty = new Uint8Array()
    const wrap = createKeyWrap()
    for (const key of [empty, new Uint8Array(65), new Uint8Array(65).fill(4), new Uint8Array(33).fill(2)])
      expect(await codeOf(() => wrap.seal(key, empty, empty, empty))).toBe('keys.invalid')
  })
})

describe('an epoch', () => {
  const space = 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/space/app.cairn.group/main'

  it('is wrapped for a device and opened by it; the committed wrap opens', async () => {
    const ann = createTestDevice(createPrng(3))
    const to = await recoveryDevice({ secret: new Uint8Array(16).fill(7) }, space)
    const card = await readKeyCard(to.card)
    const made = { space, recipients: [ann.id, to.id], members: [], parents: [], hidePast: false }
    const { epoch } = await makeEpoch(made, ann, randomFrom(1))
    const fresh = await wrapEpoch(epoch, card, { isRemoved: () => false }, createKeyWrap())
    expect(toHex((await unwrapEpoch(epoch.info, parseWrap(fresh), to.unwrap)).key)).toBe(toHex(epoch.key))

    // Each wrap has chance in it, so the committed one is read, and written anew only where its epoch is another.
    const kept = wraps.find((it) => it.epoch === epoch.info.name)
    const row = { epoch: epoch.info.name, keyHex: toHex(epoch.key), hex: kept?.hex ?? toHex(fresh) }
    await expect(vectorText([row])).toMatchFileSnapshot(join(import.meta.dirname, 'vectors', 'wrap.json'))
    const opened = await unwrapEpoch(epoch.info, parseWrap(bytes(row.hex)), to.unwrap)
    expect(toHex(opened.key)).toBe(row.keyHex)
  })
})
