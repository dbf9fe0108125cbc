import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Logger, MessageStream, Upgrader } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import { describe, expect, it } from 'vitest'
import { fastNoiseCrypto } from './fast-noise-crypto.ts'
import { quietNoise } from './noise.ts'

const silent: Logger = Object.assign(() => {}, {
  error() {},
  trace() {},
  enabled: false,
  newScope: () => silent,
})

const crypto = await fastNoiseCrypto()
if (crypto === undefined) throw new Error('this Node has no WebAssembly')
const fastNoise = () => quietNoise({ crypto })

describe('noise that reads lengths without exceptions', () => {
  const secured = async (one: typeof quietNoise | typeof noise, other: typeof quietNoise | typeof noise) => {
    const links = multiaddrConnectionPair()
    const sides = [one, other].map(async (create, i) => {
      const privateKey = await generateKeyPair('Ed25519')
      const made = create()({
        privateKey,
        peerId: peerIdFromPrivateKey(privateKey),
        logger: { forComponent: () => silent },
        // All that is asked of it here: which muxers there are.
        upgrader: { getStreamMuxers: () => new Map() } as unknown as Upgrader,
      })
      const { connection } = await (i === 0 ? made.secureOutbound(links[0]) : made.secureInbound(links[1]))
      return connection
    })
    const [a, b] = await Promise.all(sides)
    if (a === undefined || b === undefined) throw new Error('two sides')
    return [a, b] as const
  }
  const lengthOf = (connection: MessageStream) =>
    (connection as MessageStream & { decoder: { lengthDecoder: (data: Uint8ArrayList) => number } }).decoder
      .lengthDecoder

  it('waits for a length that has come in part, or not at all', async () => {
    for (const connection of await secured(quietNoise, quietNoise)) {
      const read = lengthOf(connection)
      expect(read(new Uint8ArrayList(new Uint8Array([1]), new Uint8Array([2])))).toBe(0x102)
      // Longer than what is there, so that the rest is waited for.
      expect(read(new Uint8ArrayList())).toBeGreaterThan(0)
      expect(read(new Uint8ArrayList(new Uint8Array([0])))).toBeGreaterThan(0)
    }
    const [stock] = await secured(noise, quietNoise)
    expect(() => lengthOf(stock)(new Uint8ArrayList())).toThrow(RangeError)
  })

  it.each([
    [quietNoise, noise],
    [noise, quietNoise],
    [quietNoise, quietNoise],
    [fastNoise, noise],
    [noise, fastNoise],
    [fastNoise, fastNoise],
  ])('carries what is sent, however it is cut (%#)', async (one, other) => {
    const [a, b] = await secured(one, other)
    const sizes = [1, 2, 65_519, 65_520, 200_000, 7]
    const total = sizes.reduce((sum, size) => sum + size, 0)
    const got = new Uint8ArrayList()
    const all = new Promise<void>((resolve) => {
      b.addEventListener('message', ({ data }) => {
        got.append(data)
        if (got.byteLength === total) resolve()
      })
    })
    const sent = new Uint8ArrayList()
    for (const [i, size] of sizes.entries()) {
      const bytes = new Uint8Array(size).fill(i + 1)
      sent.append(bytes.slice())
      if (!a.send(bytes)) await a.onDrain()
    }
    await all
    expect(got.subarray()).toEqual(sent.subarray())
  })
})
