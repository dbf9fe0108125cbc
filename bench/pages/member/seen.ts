import { type Seen, textOf } from './protocol.ts'

/** What has happened to each edit here, and who waits for it. */
export interface Noted {
  durable(number: number, at: number): void
  /** Draws the newest records; the first that says so is the edit. */
  draw(texts: readonly string[]): void
  seen(number: number): Promise<Seen>
}

export const now = (): number => performance.timeOrigin + performance.now()

export function createNoted(): Noted {
  const durable = table()
  const visible = table()
  const list = document.createElement('ol')
  document.body.append(list)
  return {
    durable: (number, at) => durable.set(number, at),
    draw(texts) {
      list.replaceChildren(
        ...texts.map((text) => {
          const item = document.createElement('li')
          item.textContent = text
          return item
        }),
      )
      const number = numberOf(texts[0] ?? '')
      if (number === undefined) return
      void painted().then(() => visible.set(number, now()))
    },
    seen: async (number) => ({ durable: await durable.get(number), visible: await visible.get(number) }),
  }
}

export function numberOf(text: string): number | undefined {
  const number = Number(/\d+/.exec(text)?.[0])
  return text === textOf(number) ? number : undefined
}

/** A message that is posted when a frame is made comes after that frame was painted. */
const painted = (): Promise<void> =>
  new Promise((resolve) => {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel()
      port1.addEventListener('message', () => resolve(), { once: true })
      port1.start()
      port2.postMessage(undefined)
    })
  })

/** The first time that is set counts. */
function table() {
  const entries = new Map<number, PromiseWithResolvers<number>>()
  const of = (number: number): PromiseWithResolvers<number> => {
    const entry = entries.get(number) ?? Promise.withResolvers<number>()
    entries.set(number, entry)
    return entry
  }
  return {
    get: (number: number): Promise<number> => of(number).promise,
    set: (number: number, at: number): void => of(number).resolve(at),
  }
}
