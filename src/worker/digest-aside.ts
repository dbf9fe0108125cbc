import type { DigestAside } from '../core/hash.ts'
import type { Timers } from '../core/timers.ts'

/** A thread that has said nothing for so long will not any more, ms: a script that never came, say. */
const PATIENCE = 10_000

/** What is of use here of a browser's `Worker` that runs `digest-thread.ts`. */
export interface DigestThread extends EventTarget {
  postMessage(message: Uint8Array<ArrayBuffer>, transfer: Transferable[]): void
  terminate(): void
}

/**
 * Hashes each message on a thread of its own, which costs this one a millisecond or two.
 *
 * @param start starts a thread
 */
export function createDigestAside(start: () => DigestThread, timers: Timers): DigestAside {
  return async (bytes) => {
    const thread = start()
    const { promise, resolve, reject } = Promise.withResolvers<ArrayBuffer>()
    const fail = (): void => reject(new Error('no thread to hash on'))
    const stop = timers.after(PATIENCE, fail)
    thread.addEventListener('error', fail)
    thread.addEventListener('message', (event) => {
      // `digest-thread.ts` says nothing else
      resolve((event as MessageEvent<ArrayBuffer>).data)
    })
    try {
      thread.postMessage(bytes, [bytes.buffer])
      return new Uint8Array(await promise)
    } finally {
      stop()
      thread.terminate()
    }
  }
}
