import type { TaskName, TaskResult, Tasks } from './protocol.ts'

/** The page: gives work to a module worker and watches its own thread for long tasks. */

const worker = new Worker('/worker.js', { type: 'module' })

interface Answer {
  readonly id: number
  /** the measured part has not begun */
  readonly prepared?: boolean
  readonly ms?: number
  readonly output?: unknown
  readonly error?: string
}

const waiting = new Map<number, (answer: Answer) => void>()
worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
  const { id } = data
  if (data.prepared === true) {
    void (globalThis.benchPrepared?.() ?? Promise.resolve()).then(() => worker.postMessage({ go: id }))
    return
  }
  waiting.get(id)?.(data)
  waiting.delete(id)
})

let count = 0

async function run<N extends TaskName>(name: N, input: Tasks[N]['input']): Promise<TaskResult<N>> {
  const longTasks: number[] = []
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) longTasks.push(entry.duration)
  })
  observer.observe({ type: 'longtask' })
  const id = count++
  const answer = await new Promise<Answer>((resolve) => {
    waiting.set(id, resolve)
    worker.postMessage({ id, name, input })
  })
  // entries of the last task are delivered in a later one
  await new Promise((resolve) => setTimeout(resolve, 50))
  for (const entry of observer.takeRecords()) longTasks.push(entry.duration)
  observer.disconnect()
  if (answer.ms === undefined) throw new Error(answer.error ?? 'the worker gave no answer')
  // the worker answers with the output of the task it was given
  return { ms: answer.ms, output: answer.output as TaskResult<N>['output'], longTasks }
}

worker.addEventListener('error', (event) => {
  console.error(`worker: ${event.message}`)
  for (const [id, resolve] of waiting) resolve({ id, error: event.message })
  waiting.clear()
})

globalThis.bench = { run }
