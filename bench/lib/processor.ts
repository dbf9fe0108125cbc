import type { RelayProcess } from './relay.ts'
import type { Replica } from './replica.ts'

/** Processor time by who spent it, ms. */
export type Processor = Readonly<Record<string, number>>

/**
 * Counts from now on what all processes of some browsers (page and worker, disk, network) and a relay spend;
 * the returned function says it.
 */
export async function watchProcessor(
  sides: Readonly<Record<string, Replica | undefined>>,
  relay: RelayProcess,
): Promise<() => Promise<Processor>> {
  const now = async (): Promise<Map<string, number>> => {
    const times = new Map([['relay', (await relay.ask('cpu')) * 1000]])
    for (const [side, one] of Object.entries(sides)) {
      const browser = one?.page.context().browser()
      if (browser === null || browser === undefined) continue
      const session = await browser.newBrowserCDPSession()
      const { processInfo } = await session.send('SystemInfo.getProcessInfo')
      await session.detach()
      for (const { type, cpuTime } of processInfo) {
        const who = `${side}, ${type === 'renderer' ? 'page and worker' : 'the rest of the browser'}`
        times.set(who, (times.get(who) ?? 0) + cpuTime * 1000)
      }
    }
    return times
  }
  const before = await now()
  return async () =>
    Object.fromEntries([...(await now())].map(([who, ms]) => [who, ms - (before.get(who) ?? 0)]))
}
