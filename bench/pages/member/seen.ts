import { type Seen, textOf } from './protocol.ts'

/** What has happened to each edit here, and who waits for it. */
export interface Noted {
  durable(number: number, at: number, bytes?: number): void
  /** Draws the newest records; the first that says so is the edit. */
  draw(texts: readonly string[]): void
  seen(number: number): Promise<Seen>
}

export const now = (): number => performance.timeOrigin + performance.now()

export function createNoted(): Noted {
  const durable = table<{ readonly at: number; readonly bytes: number }>()
  const visible = table<number>()
  const list = document.createElement('ol')
  document.body.append(list)
  return {
    durable: (number, at, bytes = 0) => durable.set(number, { at, bytes }),
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
    async seen(number) {
      const { at, bytes } = await durable.get(number)
      return { durable: at, visible: await visible.get(number), bytes }
    },
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
function table<T>() {
  const entries = new Map<number, PromiseWithResolvers<T>>()
  const of = (number: number): PromiseWithResolvers<T> => {
    const entry = entries.get(number) ?? Promise.withResolvers<T>()
    entries.set(number, entry)
    return entry
  }
  return {
    get: (number: number): Promise<T> => of(number).promise,
    set: (number: number, value: T): void => of(number).resolve(value),
  }
}
