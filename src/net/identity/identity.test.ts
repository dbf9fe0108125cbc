import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../core/bytes.ts'
import { verifySignature } from '../../repo/signature.ts'
import { encodeMessage } from '../messages.ts'
import { issueCertificate, verifyCertificate } from './certificate.ts'
import { type DeviceKey, loadDeviceKey, loadDeviceKeyBytes } from './device-key.ts'
import { type ByteStore, loadTransportKey } from './transport-key.ts'

const DAY = 24 * 60 * 60 * 1000
const NOW = 1_795_000_000_000
const PEER = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const OTHER = '12D3KooWJWEKvSFbben74C7H4YtKjhPMTDxd7gP7RtFzwhqTgCn9'

function memory(bytes?: Uint8Array): ByteStore & { bytes: Uint8Array | undefined; saves: number } {
  return {
    bytes,
    saves: 0,
    async load() {
      return this.bytes
    },
    async save(next) {
      this.bytes = next
      this.saves++
    },
  }
}

describe('the transport key', () => {
  it('is made once, and is the same after a restart', async () => {
    const store = memory()
    const first = await loadTransportKey(store)
    const second = await loadTransportKey(memory(store.bytes))
    expect(peerIdFromPrivateKey(second).toString()).toBe(peerIdFromPrivateKey(first).toString())
    await loadTransportKey(store)
    expect(store.saves).toBe(1)
  })

  it('is replaced when what is kept is none', async () => {
    const ecdsa = privateKeyToProtobuf(await generateKeyPair('ECDSA'))
    for (const bad of [new Uint8Array(), new Uint8Array([8, 1, 18]), ecdsa]) {
      const store = memory(bad)
      expect((await loadTransportKey(store)).type).toBe('Ed25519')
      expect(store.saves).toBe(1)
    }
  })
})

describe('the device key', () => {
  it('in a store for keys stays the same, signs, and cannot be read out', async () => {
    let kept: CryptoKeyPair | undefined
    const store = { load: async () => kept, save: async (pair: CryptoKeyPair) => void (kept = pair) }
    const first = await loadDeviceKey(store)
    const second = await loadDeviceKey(store)
    expect(first.id).toMatch(/^did:key:zDn/)
    expect(second.id).toBe(first.id)
    expect(kept?.privateKey.extractable).toBe(false)
    const bytes = new TextEncoder().encode('what is signed')
    for (let i = 0; i < 8; i++)
      expect(await verifySignature(first.id, await second.sign(bytes), bytes)).toBe('valid')
  })

  it('in a store for bytes stays the same, and is replaced when what is kept is none', async () => {
    const store = memory()
    const first = await loadDeviceKeyBytes(store)
    const again = await loadDeviceKeyBytes(memory(store.bytes))
    expect(again.id).toBe(first.id)
    const bytes = new Uint8Array([1])
    expect(await verifySignature(first.id, await again.sign(bytes), bytes)).toBe('valid')
    const broken = memory(new Uint8Array([1, 2, 3]))
    expect((await loadDeviceKeyBytes(broken)).id).not.toBe(first.id)
    expect(broken.saves).toBe(1)
  })
})

const device = (): Promise<DeviceKey> => loadDeviceKeyBytes(memory())
const expected = { peer: PEER, now: NOW }

describe('a certificate', () => {
  it('says which device vouches for a peer id, and for how long', async () => {
    const key = await device()
    const bytes = await issueCertificate(key, { peer: PEER, now: NOW, lifeMs: DAY })
    const said = { device: key.id, peer: PEER, issuedAt: NOW, expiresAt: NOW + DAY }
    expect(await verifyCertificate(bytes, expected)).toEqual(said)
    expect(await verifyCertificate(bytes, { peer: PEER, now: NOW + DAY - 1 })).toEqual(said)
    expect(await verifyCertificate(bytes, { peer: PEER, now: NOW - 60_000 })).toEqual(said)
  })

  it('holds a year at most', async () => {
    const bytes = await issueCertificate(await device(), { peer: PEER, now: NOW, lifeMs: 1000 * DAY })
    expect((await verifyCertificate(bytes, expected)).expiresAt).toBe(NOW + 366 * DAY)
  })

  const assertRefused = (bytes: Uint8Array, reason: string, about = expected): Promise<void> =>
    expect(verifyCertificate(bytes, about)).rejects.toMatchObject({
      code: 'net.record-invalid',
      fields: { reason: `certificate-${reason}` },
    })

  it('is refused when it is for another peer, too old or too new', async () => {
    const bytes = await issueCertificate(await device(), { peer: PEER, now: NOW, lifeMs: DAY })
    await assertRefused(bytes, 'peer', { peer: OTHER, now: NOW })
    await assertRefused(bytes, 'expired', { peer: PEER, now: NOW + DAY })
    await assertRefused(bytes, 'future', { peer: PEER, now: NOW - DAY })
  })

  it('is refused for every bit that was turned', async () => {
    const bytes = await issueCertificate(await device(), { peer: PEER, now: NOW, lifeMs: DAY })
    for (let at = 0; at < bytes.length; at++) {
      const turned = bytes.slice()
      turned[at] = (turned[at] ?? 0) ^ 1
      await expect(verifyCertificate(turned, expected)).rejects.toMatchObject({ code: 'net.record-invalid' })
    }
    await assertRefused(bytes.slice(0, -1), 'malformed')
    await assertRefused(new Uint8Array(2000), 'malformed')
  })

  it('is refused when another key signed it, when the key is of another kind, or it holds too long', async () => {
    const [key, thief] = [await device(), await device()]
    const said = { device: key.id, peer: PEER, issuedAt: NOW, expiresAt: NOW + DAY }
    const tag = 'app.cairn.peer-certificate/1'
    const make = async (fields: typeof said, signer: DeviceKey): Promise<Uint8Array> =>
      encodeMessage({ ...fields, sig: await signer.sign(encodeMessage({ ...fields, tag })) })
    await expect(verifyCertificate(await make(said, key), expected)).resolves.toEqual(said)
    await assertRefused(await make(said, thief), 'signature')
    await assertRefused(await make({ ...said, expiresAt: NOW + 400 * DAY }, key), 'life')
    const k256 = 'did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme'
    await assertRefused(await make({ ...said, device: k256 }, key), 'malformed')
    await assertRefused(encodeMessage({ ...said, sig: await key.sign(encodeMessage(said)) }), 'signature')
  })

  it('is read from these bytes', async () => {
    const bytes = fromHex(VECTOR)
    if (bytes === undefined) throw new Error('the vector is no hex')
    expect(toHex(bytes)).toBe(VECTOR)
    expect(await verifyCertificate(bytes, expected)).toEqual({
      device: VECTOR_DEVICE,
      peer: PEER,
      issuedAt: NOW,
      expiresAt: NOW + DAY,
    })
  })
})

const VECTOR_DEVICE = 'did:key:zDnaevnK9a9BvebtQ9Mt5pyftidna1MT6U5HiQ2xdLyCTT7EX'
const VECTOR =
  'a5637369675840235707589e335dff87fe28b026e9a919cf05eefefbe6668b808f404ad71059c311ade69c3bcf' +
  '592bcbf5d670ed5240dd475ea2776433923f7a3b4f9fc1968bcb64706565727834313244334b6f6f5744704a37' +
  '41733742574177524d6675315655325743714e6a76713338374a45594b44426a346b78366e58544e6664657669' +
  '636578396469643a6b65793a7a446e6165766e4b396139427665627451394d74357079667469646e61314d5436' +
  '55354869513278644c794354543745586869737375656441741b000001a1ee565e00696578706972657341741b' +
  '000001a1f37cba00'
