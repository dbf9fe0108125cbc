import type { Wire } from './stock-peer.ts'

const OK = Uint8Array.of(0)

/** Status 0, then these bytes, then the end, as an honest answer would. */
export const saying =
  (...parts: readonly Uint8Array[]) =>
  async (wire: Wire): Promise<void> => {
    await wire.send(Buffer.concat([OK, ...parts]))
    await wire.close()
  }

/** Status 0, these bytes, and then others again and again for as long as they are taken. */
export const endless =
  (first: Uint8Array, again: Uint8Array) =>
  async (wire: Wire): Promise<void> => {
    await wire.send(Buffer.concat([OK, first]))
    // Ends by the error of a stream that the other side has left.
    for (;;) await wire.send(again)
  }

/** Some bytes and then nothing, until the other side leaves. */
export const silentAfter =
  (...parts: readonly Uint8Array[]) =>
  async (wire: Wire): Promise<void> => {
    const bytes = Buffer.concat(parts)
    if (bytes.length > 0) await wire.send(bytes)
    await wire.gone
  }

/** Status 0 and then a byte now and then, until the other side leaves. */
export const trickling =
  (bytes: Uint8Array, everyMs: number) =>
  async (wire: Wire): Promise<void> => {
    let over = false
    void wire.gone.then(() => {
      over = true
    })
    await wire.send(OK)
    for (let at = 0; !over && at < bytes.length; at++) {
      await wire.send(bytes.subarray(at, at + 1))
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }

/** Status 0, some bytes, and the stream is broken. */
export const cutAfter =
  (bytes: Uint8Array) =>
  async (wire: Wire): Promise<void> => {
    await wire.send(Buffer.concat([OK, bytes]))
    wire.abort()
  }
