import type { ConnectionEncrypter, MessageStream, SecuredConnection } from '@libp2p/interface'
import { noise, type NoiseInit } from '@libp2p/noise'
import type { Uint8ArrayList } from 'uint8arraylist'

/** Bytes of the length before each sealed message. */
const LENGTH_BYTES = 2
/** The longest message: for one whose length has not come, so that it is waited for. */
const LONGEST = 0xffff

/** What is used of @libp2p/noise's connections beyond their interface. */
interface Reads {
  readonly decoder: { lengthDecoder: (data: Uint8ArrayList) => number }
}

/**
 * Noise whose connections read lengths without exceptions. @libp2p/noise learns that it has read all there is
 * from an error that is thrown and caught, once a message, and an error takes the whole stack down in writing:
 * several times what opening a small message costs.
 */
export function quietNoise(init?: NoiseInit) {
  const create = noise(init)
  return (components: Parameters<typeof create>[0]): ConnectionEncrypter => {
    const encrypter = create(components)
    const { secureInbound, secureOutbound } = encrypter
    return Object.assign(encrypter, {
      secureInbound: async (...args: Parameters<typeof secureInbound>) =>
        quiet(await secureInbound.apply(encrypter, args)),
      secureOutbound: async (...args: Parameters<typeof secureOutbound>) =>
        quiet(await secureOutbound.apply(encrypter, args)),
    })
  }
}

function quiet<T>(secured: SecuredConnection<T>): SecuredConnection<T> {
  const { decoder } = secured.connection as MessageStream & Reads
  decoder.lengthDecoder = (data) => (data.byteLength < LENGTH_BYTES ? LONGEST : data.getUint16(0))
  return secured
}
