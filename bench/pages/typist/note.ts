import * as Y from 'yjs'
import { now } from '../member/seen.ts'
import type { Typist, Typing } from './protocol.ts'

const FIELD = 'note'
const ELSEWHERE = 'elsewhere'
const LETTERS = 'etaoin shrdlu'
/** Until all that was typed is on the other's screen, ms. */
const SEEN_WITHIN = 30_000

export interface OpenNote {
  readonly doc: Y.Doc
  /** Takes in what was typed elsewhere. */
  hear(update: Uint8Array): void
  /** Where the cursor is: at the end. */
  cursor(): Uint8Array
  readonly type: Typist['type']
  readonly seen: Typist['seen']
}

/** A note as both systems have it: one paragraph of a Yjs document, drawn as plain text. */
export function openNote(options: {
  readonly state?: Uint8Array
  readonly client?: number
  /** something was typed here */
  readonly onTyped?: (update: Uint8Array) => void
  readonly onCursor: () => void
}): OpenNote {
  const { state, client, onTyped, onCursor } = options
  const doc = new Y.Doc()
  if (client !== undefined) doc.clientID = client
  if (state !== undefined) Y.applyUpdate(doc, state, ELSEWHERE)
  const element = document.createElement('p')
  document.body.append(element)
  /** by length of the text: when a frame with it was painted */
  const painted: number[] = []
  let waiting: (() => void) | undefined
  let isDrawing = false

  const textOf = (): Y.XmlText | undefined => {
    const paragraph = doc.getXmlFragment(FIELD).toArray()[0]
    const text = paragraph instanceof Y.XmlElement ? paragraph.toArray()[0] : undefined
    return text instanceof Y.XmlText ? text : undefined
  }
  /** Draws in the next frame what is there by then. A message posted in a frame comes after it was painted. */
  const draw = (): void => {
    if (isDrawing) return
    isDrawing = true
    requestAnimationFrame(() => {
      isDrawing = false
      const text = textOf()?.toString() ?? ''
      element.textContent = text
      const { port1, port2 } = new MessageChannel()
      port1.addEventListener('message', () => {
        const at = now()
        while (painted.length <= text.length) painted.push(at)
        waiting?.()
      })
      port1.start()
      port2.postMessage(undefined)
    })
  }
  doc.on('update', (update: Uint8Array, origin: unknown) => {
    draw()
    if (origin !== ELSEWHERE && doc.clientID === client) onTyped?.(update)
  })

  const typeOne = (index: number): void => {
    const text = textOf()
    if (text !== undefined) {
      text.insert(text.length, LETTERS[index % LETTERS.length] ?? ' ')
      return
    }
    doc.transact(() => {
      const paragraph = new Y.XmlElement('paragraph')
      paragraph.insert(0, [new Y.XmlText(LETTERS[0])])
      doc.getXmlFragment(FIELD).insert(0, [paragraph])
    })
  }

  return {
    doc,
    hear: (update) => Y.applyUpdate(doc, update, ELSEWHERE),
    cursor: () => {
      const text = textOf()
      if (text === undefined) return new Uint8Array()
      return Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(text, text.length))
    },
    async type({ count, pause }: Typing) {
      const typedAt: number[] = []
      for (let i = 0; i < count; i++) {
        typedAt.push(now())
        typeOne(i)
        onCursor()
        // not in step with frames
        await new Promise((resolve) => setTimeout(resolve, pause + ((i * 7) % 17)))
      }
      return typedAt
    },
    async seen(count) {
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(() => {
        late.reject(new Error(`${painted.length - 1} of ${count} characters arrived`))
      }, SEEN_WITHIN)
      while (painted.length <= count) {
        const some = new Promise<void>((resolve) => (waiting = resolve))
        await Promise.race([some, late.promise])
      }
      clearTimeout(timer)
      return painted.slice(1, count + 1)
    },
  }
}
