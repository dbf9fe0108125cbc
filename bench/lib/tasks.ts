import type { Page } from 'playwright-core'

/** A task of a page's thread, ms: what it took of the processor, and from its begin to its end. */
export interface Task {
  readonly processor: number
  readonly wall: number
}

/** What a trace says of a stretch of time on a thread; times are in microseconds. */
interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly dur?: number
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

/** How the browser calls the thread that a page runs on. */
const PAGE_THREAD = 'CrRendererMain'

/**
 * Follows the tasks of the threads of a browser's pages, until the returned function is called: it gives the one that
 * took most of the processor. Where more threads want to run than there are cores the system takes them off theirs for
 * tens of milliseconds, which a task's begin and end do not tell from work.
 */
export async function watchTasks(page: Page): Promise<() => Promise<Task>> {
  const browser = page.context().browser()
  if (browser === null) throw new Error('the browser of a persistent context is not known')
  const session = await browser.newBrowserCDPSession()
  const events: TraceEvent[] = []
  // the trace's own shape
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])))
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', '__metadata'], excludedCategories: ['*'] },
  })
  return async () => {
    const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve))
    await session.send('Tracing.end')
    await complete
    await session.detach()
    const threads = new Set(
      events.filter(({ name, args }) => name === 'thread_name' && args?.name === PAGE_THREAD).map(threadOf),
    )
    const tasks = events.filter(
      (it) => it.ph === 'X' && it.name.endsWith('RunTask') && threads.has(threadOf(it)),
    )
    if (tasks.length === 0) throw new Error('the trace tells of no task')
    return tasks
      .map(({ dur = 0, tdur = 0 }) => ({ processor: tdur / 1000, wall: dur / 1000 }))
      .reduce((most, one) => (one.processor > most.processor ? one : most))
  }
}

const threadOf = ({ pid, tid }: TraceEvent): string => `${pid}/${tid}`
