import { pageNodes } from '../../../src/cairn/network/browser-node.ts'
import { servePageNode } from '../../../src/cairn/network/page-node.ts'
import type { CallName, Calls, PageCalls } from './protocol.ts'
import { rtcAnswer, rtcOffer, rtcReceive } from './raw-rtc.ts'
import { socketReceive, socketSend } from './raw-socket.ts'

/** The page of a device: the node runs here and the engine in a worker, as in the app. It draws nothing. */

const timers = {
  after(ms: number, run: () => void) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}
const host = { timers, clock: { now: () => Date.now() }, random: () => Math.random() }
const worker = new Worker('/replica/worker.js', { type: 'module' })
const { port1, port2 } = new MessageChannel()
worker.postMessage({ type: 'page-node' }, [port2])
servePageNode(port1, pageNodes(host), timers)

interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}
const waiting = new Map<number, (answer: Answer) => void>()
worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
  waiting.get(data.id)?.(data)
  waiting.delete(data.id)
})
worker.addEventListener('error', ({ message }) => {
  console.error(`worker: ${message}`)
  for (const [id, resolve] of waiting) resolve({ id, error: message })
})
let count = 0
async function inWorker(name: CallName, input: unknown): Promise<unknown> {
  const id = count++
  const { value, error } = await new Promise<Answer>((resolve) => {
    waiting.set(id, resolve)
    worker.postMessage({ id, name, input })
  })
  if (error !== undefined) throw new Error(error)
  return value
}

let longTasks: number[] = []
const observer = new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longTasks.push(duration)
})
observer.observe({ type: 'longtask' })

const here: PageCalls = {
  async longTasks() {
    // entries of the last task are delivered in a later one
    await new Promise((resolve) => setTimeout(resolve, 50))
    const seen = [...longTasks, ...observer.takeRecords().map(({ duration }) => duration)]
    longTasks = []
    return seen
  },
  rtcOffer,
  rtcAnswer,
  rtcReceive,
  socketSend,
  socketReceive,
}

globalThis.replica = {
  call: (name, input) => {
    const mine = here[name as keyof PageCalls] as ((input: unknown) => Promise<unknown>) | undefined
    // each name's own function answers, here or in the worker
    return (mine === undefined ? inWorker(name, input) : mine(input)) as ReturnType<Calls[typeof name]>
  },
}
