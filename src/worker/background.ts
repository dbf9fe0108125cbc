import { createCairn } from '../cairn/create.ts'
import { workerNodes } from '../cairn/network/worker-node.ts'
import { browserHost, timers } from './host.ts'

declare const self: ServiceWorkerGlobalScope & { cairnCatchUp?: () => Promise<void> }

/**
 * Browsers stop a worker some 30 s after its last event. What is cut off goes on the next time: every step is
 * durable by itself. Ended in good order before that, the leadership passes on at once.
 */
const BUDGET = 20_000

const startNode = workerNodes({
  timers,
  clock: { now: () => Date.now() },
  random: () => Math.random(),
})

/** One catching up with no page open: the same engine as a page's, on a node without WebRTC. */
self.cairnCatchUp = async () => {
  const isFree = await navigator.locks.request(
    'cairn-leader',
    { ifAvailable: true },
    async (lock) => lock !== null,
  )
  // A page leads, and does all of this by itself.
  if (!isFree) return
  const cairn = createCairn(await browserHost('service-worker', startNode))
  try {
    await Promise.race([cairn.network.catchUp(), new Promise<void>((resolve) => setTimeout(resolve, BUDGET))])
  } finally {
    await cairn.close()
  }
}
