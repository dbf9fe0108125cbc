import * as Y from 'yjs'
import { createPrng } from '../../../repo/testing/prng.ts'
import { TEXT_FIELD } from '../limits.ts'
import { createNoteText, type NoteText } from '../note-text.ts'
import type { TextNews } from '../document.ts'
import type { TextFlush } from '../writer.ts'

/** An editor, without a screen: a document of its own, as the page has one. */
export interface Editor {
  readonly doc: Y.Doc
  readonly fragment: Y.XmlFragment
  /** the text of the block at this place, made where there is none */
  block(at: number): Y.XmlText
  type(at: number, index: number, text: string): void
  erase(at: number, index: number, length: number): void
  /** Takes in what came from elsewhere. */
  hear(news: TextNews | undefined): void
}

/** A device with one note: what is in its repo is in `stored`. */
export interface Replica {
  readonly device: string
  readonly text: NoteText
  readonly editor: Editor
  readonly stored: Map<string, Uint8Array>
  /** bytes of what editors made, and of all values that were written */
  readonly made: { typed: number; written: number; commits: number }
  now: number
  /** what was told at once, not yet given on */
  readonly events: Uint8Array[]
  flush(options?: { readonly settle?: boolean }): TextFlush | undefined
  /** Takes in all of another's records, as a sync does. */
  pull(other: Replica): void
  /** What came is shown in the editor; another editor where it has to begin anew. */
  show(): void
}

export const NOTE = '3note'

export function createReplica(device: string, seed: number, note = NOTE): Replica {
  const prng = createPrng(seed)
  const random = (length: number) => prng.bytes(length)
  const text = createNoteText({ note, device, random })
  const stored = new Map<string, Uint8Array>()
  const seen = new Map<string, Map<string, Uint8Array>>()
  const made = { typed: 0, written: 0, commits: 0 }
  const events: Uint8Array[] = []
  const replica = { device, text, stored, made, events, now: 1_800_000_000_000 }
  let editor = open()

  function open(): Editor {
    const { state, client } = text.open()
    const doc = new Y.Doc()
    doc.clientID = client
    Y.applyUpdate(doc, state, 'elsewhere')
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === 'elsewhere') return
      made.typed += update.length
      events.push(...text.typed(update, replica.now))
    })
    const fragment = doc.getXmlFragment(TEXT_FIELD)
    const block = (at: number): Y.XmlText => {
      const element = fragment.get(Math.min(at, fragment.length - 1))
      const first = element instanceof Y.XmlElement ? element.get(0) : undefined
      if (first instanceof Y.XmlText) return first
      const paragraph = new Y.XmlElement('paragraph')
      const fresh = new Y.XmlText()
      paragraph.insert(0, [fresh])
      fragment.insert(fragment.length, [paragraph])
      return fresh
    }
    return {
      doc,
      fragment,
      block,
      type: (at, index, typed) => block(at).insert(index, typed),
      erase: (at, index, length) => block(at).delete(index, length),
      hear(news) {
        if (news !== undefined) Y.applyUpdate(doc, news.update, 'elsewhere')
      },
    }
  }

  return Object.assign(replica, {
    get editor() {
      return editor
    },
    flush(options?: { readonly settle?: boolean }) {
      const flush = text.take(options)
      if (flush === undefined) return undefined
      made.commits++
      for (const { rkey, value } of flush.changes) {
        if (value === undefined) stored.delete(rkey)
        else stored.set(rkey, value)
        made.written += value?.length ?? 0
      }
      flush.written()
      return flush
    },
    pull(other: Replica) {
      const before = seen.get(other.device) ?? new Map<string, Uint8Array>()
      for (const [rkey, value] of other.stored)
        if (before.get(rkey) !== value) text.put(other.device, rkey, value)
      for (const rkey of before.keys()) if (!other.stored.has(rkey)) text.put(other.device, rkey, undefined)
      seen.set(other.device, new Map(other.stored))
    },
    show() {
      const news = text.takeNews()
      if (news?.reset === true) editor = open()
      else editor.hear(news)
    },
  }) satisfies Replica
}

/** The same for all that hold all: from records alone, on a device that never saw any of it come. */
export function fresh(replicas: readonly Replica[], device = 'did:key:zFresh'): NoteText {
  const text = createNoteText({ note: NOTE, device, random: (length) => new Uint8Array(length) })
  for (const replica of replicas)
    for (const [rkey, value] of replica.stored) text.put(replica.device, rkey, value)
  return text
}
