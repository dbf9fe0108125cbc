import type { Browser, Page } from 'playwright-core'
import type { RelayProcess } from './relay.ts'

/** Processor time by who spent it, ms. */
export type Processor = Readonly<Record<string, number>>

/**
 * Counts from now on what all processes of some browsers (page and worker, disk, network) and a relay spend;
 * the returned function says it.
 */
export async function watchProcessor(
  sides: Readonly<Record<string, { readonly page: Page } | undefined>>,
  relay: RelayProcess,
): Promise<() => Promise<Processor>> {
  const now = async (): Promise<Map<string, number>> => {
    const times = new Map([['relay', (await relay.ask('cpu')) * 1000]])
    for (const [side, one] of Object.entries(sides)) {
      const browser = one?.page.context().browser()
      if (browser === null || browser === undefined) continue
      for (const [what, ms] of await processorOf(browser)) times.set(`${side}, ${what}`, ms)
    }
    return times
  }
  const before = await now()
  return async () =>
    Object.fromEntries([...(await now())].map(([who, ms]) => [who, ms - (before.get(who) ?? 0)]))
}

/** What a browser's processes have spent so far, ms: its pages with their workers, and all others. */
export async function processorOf(browser: Browser): Promise<Map<string, number>> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const times = new Map<string, number>()
  for (const { type, cpuTime } of processInfo) {
    const what = type === 'renderer' ? 'page and worker' : 'the rest of the browser'
    times.set(what, (times.get(what) ?? 0) + cpuTime * 1000)
  }
  return times
}
