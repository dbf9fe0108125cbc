import { catchUp } from '../cairn/catch-up.ts'
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

/** How often to look whether a page has come, ms. */
const LOOK_EVERY = 200
const LEADER = 'cairn-leader'

/** Resolves when another context waits for the lead (or this one does, and a page has it), or the time is up. */
async function pageCame(signal: AbortSignal): Promise<void> {
  const until = performance.now() + BUDGET
  while (!signal.aborted && performance.now() < until) {
    const { pending = [] } = await navigator.locks.query()
    if (pending.some(({ name }) => name === LEADER)) return
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY))
  }
}

/**
 * One catching up with no page open: the same engine as a page's, on a node without WebRTC. A page that
 * opens meanwhile does all of this by itself and better, and a new version of this worker can only take
 * over when this one is idle; so it gives way at once.
 */
self.cairnCatchUp = async () => {
  const isFree = await navigator.locks.request(LEADER, { ifAvailable: true }, async (lock) => lock !== null)
  if (!isFree) return
  const cairn = createCairn(await browserHost('service-worker', startNode))
  const ended = new AbortController()
  try {
    await Promise.race([catchUp(cairn), pageCame(ended.signal)])
  } finally {
    ended.abort()
    await cairn.close()
  }
}
