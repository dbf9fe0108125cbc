import type { LockOptions } from '../port.ts'

/**
 * Named shared and exclusive locks within this process, granted as Web Locks are: in the order asked,
 * so that a stream of shared holders never starves an exclusive one; with `ifAvailable` at once or not
 * at all; a wait ends with the reason of `signal`.
 */
export interface LockQueue {
  run<T>(name: string, options: LockOptions, work: (held: boolean) => Promise<T>): Promise<T>
}

interface Waiter {
  readonly mode: LockOptions['mode']
  readonly grant: () => void
}

interface Queue {
  readonly waiting: Waiter[]
  shared: number
  exclusive: boolean
}

export function createLockQueue(): LockQueue {
  const queues = new Map<string, Queue>()

  function queueOf(name: string): Queue {
    const known = queues.get(name)
    if (known !== undefined) return known
    const made: Queue = { waiting: [], shared: 0, exclusive: false }
    queues.set(name, made)
    return made
  }

  /** Lets in, from the front, all who go together. */
  function advance(name: string, queue: Queue): void {
    for (
      let next = queue.waiting[0];
      next !== undefined && isFree(queue, next.mode);
      next = queue.waiting[0]
    ) {
      queue.waiting.shift()
      hold(queue, next.mode)
      next.grant()
    }
    if (isFree(queue, 'exclusive') && queue.waiting.length === 0) queues.delete(name)
  }

  async function acquire(name: string, queue: Queue, { mode, signal }: LockOptions): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const stopWaiting = () => {
        queue.waiting.splice(queue.waiting.indexOf(waiter), 1)
        reject(signal?.reason)
        advance(name, queue)
      }
      const waiter: Waiter = {
        mode,
        grant: () => {
          signal?.removeEventListener('abort', stopWaiting)
          resolve()
        },
      }
      signal?.addEventListener('abort', stopWaiting, { once: true })
      queue.waiting.push(waiter)
      advance(name, queue)
    })
  }

  return {
    async run(name, options, work) {
      options.signal?.throwIfAborted()
      const queue = queueOf(name)
      const isOpen = queue.waiting.length === 0 && isFree(queue, options.mode)
      if (options.ifAvailable === true && !isOpen) return work(false)
      await acquire(name, queue, options)
      try {
        return await work(true)
      } finally {
        if (options.mode === 'shared') queue.shared--
        else queue.exclusive = false
        advance(name, queue)
      }
    },
  }
}

function isFree(queue: Queue, mode: LockOptions['mode']): boolean {
  return !queue.exclusive && (mode === 'shared' || queue.shared === 0)
}

function hold(queue: Queue, mode: LockOptions['mode']): void {
  if (mode === 'shared') queue.shared++
  else queue.exclusive = true
}
