import { describe, expect, it } from 'vitest'
import { createFlusher, FLUSH_AFTER, FLUSH_BYTES } from './flusher.ts'

/** Timers that wait for nobody: a test lets time pass. */
function createTime() {
  let now = 0
  let waiting: { readonly at: number; readonly run: () => void }[] = []
  return {
    timers: {
      after(ms: number, run: () => void) {
        const one = { at: now + ms, run }
        waiting.push(one)
        return () => {
          waiting = waiting.filter((each) => each !== one)
        }
      },
    },
    pass(ms: number) {
      now += ms
      const due = waiting.filter(({ at }) => at <= now)
      waiting = waiting.filter(({ at }) => at > now)
      for (const { run } of due) run()
    },
    count: () => waiting.length,
  }
}

/** Writes that end when the test says so. */
function createWrites() {
  const open: { resolve: () => void; reject: (error: Error) => void }[] = []
  let begun = 0
  const settled = () =>
    new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(() => queueMicrotask(resolve))))
  return {
    begun: () => begun,
    write: () => {
      begun++
      return new Promise<void>((resolve, reject) => open.push({ resolve, reject }))
    },
    end: async () => {
      open.shift()?.resolve()
      await settled()
    },
    fail: async () => {
      open.shift()?.reject(new Error('disk'))
      await settled()
    },
  }
}

const setUp = () => {
  const time = createTime()
  const writes = createWrites()
  const failures: unknown[] = []
  const flusher = createFlusher({
    timers: time.timers,
    write: writes.write,
    failed: (error) => failures.push(error),
  })
  return { time, writes, failures, flusher }
}

describe('what is typed', () => {
  it('is stored half a second after its first keystroke', () => {
    const { time, writes, flusher } = setUp()
    flusher.typed(20)
    time.pass(FLUSH_AFTER - 1)
    flusher.typed(20)
    expect(writes.begun()).toBe(0)
    time.pass(1)
    expect(writes.begun()).toBe(1)
  })

  it('is stored at once when it is much', () => {
    const { time, writes, flusher } = setUp()
    flusher.typed(FLUSH_BYTES - 1)
    expect(writes.begun()).toBe(0)
    flusher.typed(1)
    expect(writes.begun()).toBe(1)
    expect(time.count()).toBe(0)
  })

  it('waits while a write runs, and goes with the next', async () => {
    const { time, writes, flusher } = setUp()
    flusher.typed(FLUSH_BYTES)
    flusher.typed(FLUSH_BYTES)
    time.pass(10 * FLUSH_AFTER)
    expect(writes.begun()).toBe(1)
    await writes.end()
    time.pass(FLUSH_AFTER)
    expect(writes.begun()).toBe(2)
    await writes.end()
    time.pass(10 * FLUSH_AFTER)
    expect(writes.begun()).toBe(2)
  })

  it('is tried again, later each time, when a write fails', async () => {
    const { time, writes, failures, flusher } = setUp()
    flusher.typed(1)
    time.pass(FLUSH_AFTER)
    await writes.fail()
    expect(failures).toHaveLength(1)
    // no write a keystroke while the disk is full
    flusher.typed(FLUSH_BYTES)
    time.pass(FLUSH_AFTER)
    expect(writes.begun()).toBe(1)
    time.pass(FLUSH_AFTER)
    expect(writes.begun()).toBe(2)
    await writes.end()
    time.pass(60_000)
    expect(writes.begun()).toBe(2)
  })

  it('is stored when asked, with what a running write left', async () => {
    const { time, writes, flusher } = setUp()
    flusher.typed(FLUSH_BYTES)
    flusher.typed(1)
    let done = false
    const flushed = flusher.flush().then(() => {
      done = true
    })
    await writes.end()
    expect(done).toBe(false)
    expect(writes.begun()).toBe(2)
    await writes.end()
    await flushed
    expect(done).toBe(true)
    await flusher.flush()
    expect(writes.begun()).toBe(2)
    expect(time.count()).toBe(0)
  })

  it('tells who asked that it could not', async () => {
    const { writes, failures, flusher } = setUp()
    flusher.typed(1)
    const flushed = flusher.flush().then(
      () => 'stored',
      (error: unknown) => String(error),
    )
    await writes.fail()
    expect(await flushed).toBe('Error: disk')
    expect(failures).toEqual([])
  })

  it('leaves no timer behind', () => {
    const { time, writes, flusher } = setUp()
    flusher.typed(1)
    flusher.close()
    expect(time.count()).toBe(0)
    flusher.typed(FLUSH_BYTES)
    expect(writes.begun()).toBe(0)
  })
})
