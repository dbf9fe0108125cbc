import { existsSync, readFileSync } from 'node:fs'
import type { BrowserContext, Page } from 'playwright-core'

export interface MemoryWatch {
  /** Bytes of the page's renderer process above what it held when the watch began, at the highest. */
  stop(): { readonly idle: number; readonly peak: number; readonly above: number }
}

/** A sample every 10 ms: an import allocates and frees for seconds. */
const SAMPLE_MS = 10
const PAGE_BYTES = 4096

/**
 * Watches the resident set of the page's renderer process: page, workers, wasm and buffers together.
 * Garbage is collected first, so that "idle" is what the loaded page needs. Undefined where there is no
 * `/proc`. The fresh browser has one page, so the renderer that grows most is the page's; a spare one
 * that waits for a next page does nothing.
 */
export async function watchMemory(context: BrowserContext, page: Page): Promise<MemoryWatch | undefined> {
  if (!existsSync('/proc/self/statm')) return undefined
  const collector = await context.newCDPSession(page)
  await collector.send('HeapProfiler.enable')
  await collector.send('HeapProfiler.collectGarbage')
  await collector.send('HeapProfiler.disable')
  await collector.detach()
  const idle = new Map((await renderers(context)).map((pid) => [pid, residentBytes(pid)]))
  if (idle.size === 0) return undefined
  const peaks = new Map(idle)
  const timer = setInterval(() => {
    for (const [pid, peak] of peaks) peaks.set(pid, Math.max(peak, residentBytes(pid)))
  }, SAMPLE_MS)
  return {
    stop: () => {
      clearInterval(timer)
      const grown = [...peaks].map(([pid, peak]) => {
        const before = idle.get(pid) ?? 0
        return { idle: before, peak, above: peak - before }
      })
      return grown.reduce((most, one) => (one.above > most.above ? one : most))
    },
  }
}

async function renderers(context: BrowserContext): Promise<number[]> {
  const browser = context.browser()
  if (browser === null) throw new Error('the browser of a persistent context is not known')
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  return processInfo.filter((one) => one.type === 'renderer').map((one) => one.id)
}

function residentBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES
  } catch {
    // the process has ended
    return 0
  }
}
