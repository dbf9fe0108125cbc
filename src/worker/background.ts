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

/** @throws when a new version waits for this one's end: the browser has that one run the event, as it failed here */
function checkNewest(): void {
  if (self.registration.waiting !== null) throw new DOMException('a new version waits', 'AbortError')
}

/**
 * Resolves when another context waits for the lead (or this one does, and a page has it), or the time is up.
 *
 * @throws as `checkNewest`
 */
async function pageCame(signal: AbortSignal): Promise<void> {
  const until = performance.now() + BUDGET
  while (!signal.aborted && performance.now() < until) {
    checkNewest()
    const { pending = [] } = await navigator.locks.query()
    if (pending.some(({ name }) => name === LEADER)) return
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY))
  }
}

/**
 * One catching up with no page open: the same engine as a page's, on a node without WebRTC. A page that
 * opens meanwhile does all of this by itself and better, and a new version of this worker can only take
 * over when this one is idle; so it gives way to both at once.
 */
self.cairnCatchUp = async () => {
  const { held = [] } = await navigator.locks.query()
  if (held.some(({ name }) => name === LEADER)) return
  // A page that has ended its engine to let it take over would wait for all of this.
  checkNewest()
  const cairn = createCairn(await browserHost('service-worker', startNode))
  const ended = new AbortController()
  try {
    await Promise.race([catchUp(cairn), pageCame(ended.signal)])
  } finally {
    ended.abort()
    await cairn.close()
  }
}
