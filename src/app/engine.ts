import type { Cairn } from '../cairn/api.ts'
import { connectCairn } from '../cairn/remote.ts'

/**
 * Starts the engine in a worker of its own: verification, hashing, search and storage never run on the
 * page's thread. Calls made before its script has arrived wait for it. `onLost` is told once, when it
 * could not start or has died.
 */
export function startEngine(onLost: () => void): Cairn {
  const worker = new Worker(new URL('../worker/engine.ts', import.meta.url), { type: 'module', name: 'engine' })
  return connectCairn(worker, onLost)
}
