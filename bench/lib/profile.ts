import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import { shares } from './shares.ts'

/** A function's own share of what its thread did while it was not idle. */
export interface Hotspot {
  readonly thread: 'page' | 'worker'
  readonly name: string
  readonly share: number
}

type Send = (method: string, params?: Record<string, unknown>) => Promise<unknown>

/** Profiles the page's thread and its first worker through the DevTools protocol. */
export async function profilePage(
  context: BrowserContext,
  page: Page,
): Promise<() => Promise<readonly Hotspot[]>> {
  const session = await context.newCDPSession(page)
  const ofPage: Send = (method, params) => session.send(method as never, params as never)
  const threads: [Hotspot['thread'], Send][] = [['page', ofPage]]
  const worker = await workerOf(session)
  if (worker !== undefined) threads.push(['worker', worker])
  for (const [, send] of threads) {
    await send('Profiler.enable')
    await send('Profiler.setSamplingInterval', { interval: 500 })
    await send('Profiler.start')
  }
  return async () => {
    const found: Hotspot[] = []
    for (const [thread, send] of threads) {
      // the protocol's own shape
      const { profile } = (await send('Profiler.stop')) as { profile: Parameters<typeof shares>[0] }
      found.push(...shares(profile).map((one) => ({ thread, ...one })))
    }
    await session.detach()
    return found
  }
}

/** Sends to the page's dedicated worker. Its messages go through the page's session, wrapped as text. */
async function workerOf(session: CDPSession): Promise<Send | undefined> {
  const attached = new Promise<string | undefined>((resolve) => {
    session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (targetInfo.type === 'worker') resolve(sessionId)
    })
    setTimeout(() => resolve(undefined), 1000)
  })
  await session.send('Target.setAutoAttach', {
    autoAttach: true,
    waitForDebuggerOnStart: false,
    flatten: false,
  })
  const sessionId = await attached
  if (sessionId === undefined) return undefined
  const waiting = new Map<number, (result: unknown) => void>()
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message) as { id?: number; result?: unknown }
    if (id !== undefined) waiting.get(id)?.(result)
  })
  let count = 0
  return (method, params = {}) =>
    new Promise((resolve, reject) => {
      const id = ++count
      waiting.set(id, resolve)
      session
        .send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method, params }) })
        .catch(reject)
    })
}
