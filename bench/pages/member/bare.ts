import { concat } from '../../../src/core/bytes.ts'
import type { ByteStream, Net } from '../../../src/net/net.ts'
import { now } from './seen.ts'
import { strictWrite } from './strict.ts'

/**
 * What a member could do at best with the product's network: a message of as many bytes as word of an edit has goes
 * from the engine's worker to those of all others, over the connections that edits go over, and whoever has it whole
 * puts as many bytes into a bare database as an edit writes. Nothing is read or proven.
 */
export interface Bare {
  /** Sends it to all others, and gives when. */
  send(number: number, bytes: number): Promise<number>
}

const PROTOCOL = '/bench/bare/1.0.0'
/** Bytes of one message: two numbers, and what a list of one post takes as text with its envelope. */
const MESSAGE = 2048

/** @param onStored told of the number of each message when its bytes are on the disk, and when that was */
export function createBare(net: Net, onStored: (number: number, at: number) => void): Bare {
  const streams = new Map<string, Promise<ByteStream | undefined>>()
  net.handle(PROTOCOL, async (stream) => {
    let held = new Uint8Array()
    for (;;) {
      const chunk = await stream.read()
      if (chunk === undefined) return
      held = concat([held, chunk])
      for (; held.length >= MESSAGE; held = held.slice(MESSAGE)) {
        const view = new DataView(held.buffer)
        await strictWrite(view.getUint32(4))
        onStored(view.getUint32(0), now())
      }
    }
  })
  /** One that does not speak it is no member. */
  const streamTo = (peer: string): Promise<ByteStream | undefined> => {
    const known = streams.get(peer) ?? net.open(peer, PROTOCOL).catch(() => undefined)
    streams.set(peer, known)
    return known
  }
  return {
    async send(number, bytes) {
      const peers = new Set(net.connections().map(({ peer }) => peer))
      const to = await Promise.all([...peers].map(streamTo))
      const at = now()
      const message = crypto.getRandomValues(new Uint8Array(MESSAGE))
      const view = new DataView(message.buffer)
      view.setUint32(0, number)
      view.setUint32(4, bytes)
      await Promise.all(to.flatMap((stream) => stream?.write(message) ?? []))
      return at
    },
  }
}
