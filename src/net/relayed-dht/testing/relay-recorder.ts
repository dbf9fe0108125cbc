import type { MessageStream, StreamMessageEvent, Upgrader } from '@libp2p/interface'
import { concat } from '../../../core/bytes.ts'
import type { DhtRelayOptions } from '../../directory/testing/real-relays.ts'

/** Everything that a relay's process receives, as it comes from the wire and after its own decryption. */
export interface RelayRecorder extends Required<DhtRelayOptions> {
  /** one piece per connection: what came over the socket */
  wire(): readonly Uint8Array[]
  /** one piece per connection: what the relay's end of the encryption gave */
  decrypted(): readonly Uint8Array[]
  /** one piece per stream: decrypted bytes without the muxer's frames between them */
  streams(): readonly Uint8Array[]
}

const YAMUX_HEADER = 12
const YAMUX_DATA = 0

export function createRelayRecorder(): RelayRecorder {
  const wire: Uint8Array[][] = []
  const decrypted: Uint8Array[][] = []

  /** Notes each message as it is given to listeners, without being one: a listener would change when they come. */
  const note = (source: MessageStream, into: Uint8Array[][]): void => {
    const pieces: Uint8Array[] = []
    into.push(pieces)
    const dispatch = source.dispatchEvent.bind(source)
    source.dispatchEvent = (event) => {
      // Events named so are of this class, by libp2p's types.
      if (event.type === 'message') pieces.push((event as StreamMessageEvent).data.subarray().slice())
      return dispatch(event)
    }
  }
  const noteUpgrades = (upgrader: Upgrader): Upgrader =>
    new Proxy(upgrader, {
      get(target, name) {
        if (name === 'upgradeInbound' || name === 'upgradeOutbound')
          return (...args: Parameters<Upgrader['upgradeInbound']>) => {
            note(args[0], wire)
            return target[name](...args)
          }
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })

  return {
    wrapTransport: (factory) => (components) => {
      const transport = factory(components)
      const dial = transport.dial.bind(transport)
      const createListener = transport.createListener.bind(transport)
      transport.dial = (address, options) =>
        dial(address, { ...options, upgrader: noteUpgrades(options.upgrader) })
      transport.createListener = (options) =>
        createListener({ ...options, upgrader: noteUpgrades(options.upgrader) })
      return transport
    },
    wrapEncrypter: (factory) => (components) => {
      const encrypter = factory(components)
      const inbound = encrypter.secureInbound.bind(encrypter)
      const outbound = encrypter.secureOutbound.bind(encrypter)
      encrypter.secureInbound = async (...args) => {
        const secured = await inbound(...args)
        note(secured.connection, decrypted)
        return secured
      }
      encrypter.secureOutbound = async (...args) => {
        const secured = await outbound(...args)
        note(secured.connection, decrypted)
        return secured
      }
      return encrypter
    },
    wire: () => wire.map(concat),
    decrypted: () => decrypted.map(concat),
    streams: () => decrypted.map(concat).flatMap(streamsOf),
  }
}

/** Takes yamux frames apart: version 0, type, flags, stream id, length, then data in frames of type 0. */
function streamsOf(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const streams = new Map<number, Uint8Array[]>()
  for (let at = 0; at + YAMUX_HEADER <= bytes.length;) {
    if (view.getUint8(at) !== 0 || view.getUint8(at + 1) > 3) throw new Error(`no yamux frame at ${at}`)
    const isData = view.getUint8(at + 1) === YAMUX_DATA
    const id = view.getUint32(at + 4)
    const end = at + YAMUX_HEADER + (isData ? view.getUint32(at + 8) : 0)
    const pieces = streams.get(id) ?? []
    if (isData) pieces.push(bytes.subarray(at + YAMUX_HEADER, end))
    streams.set(id, pieces)
    at = end
  }
  return [...streams.values()].map(concat)
}
