import type { Cairn } from '../cairn/api.ts'
import { connectCairn } from '../cairn/remote.ts'

/**
 * Starts the engine in a worker of its own: verification, hashing, search and storage never run on the
 * page's thread. Calls made before its script has arrived wait for it. `onLost` is told once, when it
 * could not start or has died.
 */
export function startEngine(onLost: () => void): Cairn {
  const worker = new Worker(new URL('../worker/engine.ts', import.meta.url), {
    type: 'module',
    name: 'engine',
  })
  const cairn = connectCairn(worker, onLost)
  cairn.subscribe((event) => {
    if (event.type === 'persist-wanted') void askToPersist(cairn)
  })
  return cairn
}

/** Only a page can ask the browser to keep the storage for good; the engine knows when there is something to lose. */
async function askToPersist(cairn: Cairn): Promise<void> {
  try {
    await navigator.storage.persist()
    await cairn.device.persistAsked()
  } catch {
    // Refused or lost: the Settings screen shows the state and offers to ask again.
  }
}
