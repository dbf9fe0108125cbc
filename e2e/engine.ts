import type { BrowserContext, Page } from '@playwright/test'
import type { Cairn } from '../src/cairn/api.ts'

/** The engine of a page, asked as the page itself asks it. For what no screen shows. */
export type Engine = Pick<Cairn, 'library' | 'activity' | 'device' | 'network' | 'spaces' | 'accounts'>

/** What the script below leaves in a page. */
interface Probe {
  readonly engine: Promise<Worker>
  /** ICE candidates and session descriptions of others that reached this page */
  readonly heardIce: string[]
}

const probed = new WeakSet<BrowserContext>()

/** Lets every page that a browser opens from now on be asked with {@link engineOf} and {@link heardIce}. */
export async function probe(context: BrowserContext): Promise<void> {
  if (probed.has(context)) return
  probed.add(context)
  await context.addInitScript(() => {
    const { promise, resolve } = Promise.withResolvers<Worker>()
    const probe: Probe = { engine: promise, heardIce: [] }
    Object.assign(globalThis, { probe })
    const Native = Worker
    globalThis.Worker = class extends Native {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options)
        if (options?.name === 'engine') resolve(this)
      }
    }
    const { addIceCandidate, setRemoteDescription } = RTCPeerConnection.prototype
    RTCPeerConnection.prototype.addIceCandidate = function (candidate) {
      if (candidate) probe.heardIce.push(candidate.candidate ?? '')
      return Reflect.apply(addIceCandidate, this, [candidate])
    }
    RTCPeerConnection.prototype.setRemoteDescription = function (description) {
      probe.heardIce.push(...(description.sdp?.match(/candidate:.*/g) ?? []))
      return Reflect.apply(setRemoteDescription, this, [description])
    }
  })
}

/** Every candidate that others have sent to this page. */
export const heardIce = (page: Page): Promise<string[]> =>
  page.evaluate(() => (globalThis as unknown as { probe: Probe }).probe.heardIce) // put there by `probe`

/** What the engine refused, by its code. */
export class EngineFailure extends Error {
  readonly code: string
  constructor(path: string, error: { readonly code: string; readonly fields: unknown }) {
    super(`${path}: ${error.code} ${JSON.stringify(error.fields)}`)
    this.code = error.code
  }
}

/** The API of a page's engine; results that hold streams or Blobs do not come through. */
export function engineOf(page: Page): Engine {
  const room = <R extends keyof Engine>(name: R): Engine[R] =>
    new Proxy<object>(
      {},
      {
        get:
          (_, method) =>
          (...args: unknown[]) =>
            call(page, `${name}.${String(method)}`, args),
      },
    ) as Engine[R] // each method is passed on with its own arguments and result
  return {
    library: room('library'),
    activity: room('activity'),
    device: room('device'),
    network: room('network'),
    spaces: room('spaces'),
    accounts: room('accounts'),
  }
}

/** Puts the clock of a page's engine so far from the machine's, ms. The page's own stays. */
export async function setEngineClock(page: Page, ahead: number): Promise<void> {
  for (const worker of page.workers())
    await worker.evaluate((ms) => {
      if (Reflect.get(globalThis, 'name') === 'engine')
        Date.now = () => Math.round(performance.timeOrigin + performance.now()) + ms
    }, ahead)
}

type Answer = { readonly value: unknown } | { readonly error: { code: string; fields: unknown } }

async function call(page: Page, path: string, args: readonly unknown[]): Promise<unknown> {
  const answer = await page.evaluate(
    async ([path, args]) => {
      const engine = await (globalThis as unknown as { probe: Probe }).probe.engine // put there by `probe`
      // far from the ids that the page itself counts up
      const id = 2 ** 32 + Math.floor(Math.random() * 2 ** 50)
      return new Promise<Answer>((resolve) => {
        engine.addEventListener('message', function hear({ data }: MessageEvent) {
          if (data.id !== id) return
          engine.removeEventListener('message', hear)
          resolve(data.type === 'done' ? { value: data.value } : { error: data.error })
        })
        engine.postMessage({ type: 'call', id, path, args })
      })
    },
    [path, args] as const,
  )
  if ('error' in answer) throw new EngineFailure(path, answer.error)
  return answer.value
}
