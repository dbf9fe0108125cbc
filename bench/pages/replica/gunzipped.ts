import type { ByteStream, Net } from '../../../src/net/net.ts'

/** A network whose peers gzip what they answer. */
export const gunzipped = (net: Net): Net => ({
  ...net,
  open: async (...asked) => opened(await net.open(...asked)),
})

function opened(stream: ByteStream): ByteStream {
  const { readable, writable } = new DecompressionStream('gzip')
  const writer = writable.getWriter()
  const reader = readable.getReader()
  const feed = async (): Promise<void> => {
    for (let bytes = await stream.read(); bytes !== undefined; bytes = await stream.read())
      // the network's chunks lie in no shared memory
      await writer.write(bytes as Uint8Array<ArrayBuffer>)
    await writer.close()
  }
  let fed: Promise<void> | undefined
  return {
    protocol: stream.protocol,
    peer: stream.peer,
    path: stream.path,
    async read() {
      fed ??= feed().catch((error: unknown) => writer.abort(error))
      return (await reader.read()).value
    },
    write: (bytes) => stream.write(bytes),
    closeWrite: () => stream.closeWrite(),
    abort: (error) => stream.abort(error),
  }
}
