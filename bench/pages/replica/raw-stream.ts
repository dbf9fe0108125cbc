import type { Net, StreamHandler } from '../../../src/net/net.ts'
import { PIECE } from '../../../src/net/piece.ts'
import type { PeerInput, Taken } from './protocol.ts'

/** Bytes and nothing else over the product's network: what is left of a transfer without a repo in it. */
const PROTOCOL = '/bench/bytes/1.0.0'

/** Serves as many bytes as the first message says, a decimal number. */
const serve: StreamHandler = async (stream) => {
  const asked = await stream.read()
  const piece = crypto.getRandomValues(new Uint8Array(PIECE))
  for (let left = Number(new TextDecoder().decode(asked)); left > 0; left -= PIECE)
    await stream.write(left >= PIECE ? piece : piece.subarray(0, left))
}

export const serveBytes = (net: Net): (() => void) => net.handle(PROTOCOL, serve)

/** Everything that comes is dropped. */
export async function takeBytes(net: Net, { peer, addresses }: PeerInput, bytes: number): Promise<Taken> {
  const started = performance.now()
  const stream = await net.open(peer, PROTOCOL, { addresses })
  await stream.write(new TextEncoder().encode(String(bytes)))
  await stream.closeWrite()
  let got = 0
  for (let part = await stream.read(); part !== undefined; part = await stream.read()) got += part.length
  if (got !== bytes) throw new Error(`${got} of ${bytes} bytes came`)
  return { ms: performance.now() - started, bytes }
}
