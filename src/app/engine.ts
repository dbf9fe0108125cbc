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
  lendNode(worker)
  const cairn = connectCairn(worker, onLost)
  cairn.subscribe((event) => {
    if (event.type === 'persist-wanted') void askToPersist(cairn)
  })
  return cairn
}

/**
 * Connections to other browsers can be made by pages only, so the engine's network node runs here. Its code is
 * fetched when the page has nothing better to do; what the engine says meanwhile waits in the port.
 */
function lendNode(worker: Worker): void {
  const { port1, port2 } = new MessageChannel()
  worker.postMessage({ type: 'page-node' }, [port2])
  const begin = async (): Promise<void> => {
    const { servePageNode } = await import('../cairn/network/page-node.ts')
    const timers = {
      after(ms: number, run: () => void) {
        const timer = setTimeout(run, ms)
        return () => clearTimeout(timer)
      },
    }
    const host = { timers, clock: { now: () => Date.now() }, random: () => Math.random() }
    servePageNode(
      port1,
      async (config) => (await import('../cairn/network/browser-node.ts')).pageNodes(host)(config),
      timers,
    )
  }
  // Without its script (offline, and never cached) the engine says that the network is out of reach.
  const idle = globalThis.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 200))
  idle(() => void begin().catch(() => {}))
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
