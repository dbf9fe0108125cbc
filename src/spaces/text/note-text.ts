import * as Y from 'yjs'
import type { Random } from '../crypto.ts'
import { createAuthor, type Author, type TextFault } from './author.ts'
import { createDocument, type TextNews } from './document.ts'
import { TextError } from './errors.ts'
import { OWN_FACTOR, TEXT_FIELD } from './limits.ts'
import { toMarkdown } from './markdown.ts'
import { covers, mergeUpdates } from './merge.ts'
import { readUpdate } from './read-update.ts'
import { versionKey } from './record.ts'
import { restoreTree } from './restore.ts'
import { plainText, readTree, type TextElement } from './tree.ts'
import { createWriter, type TextFlush } from './writer.ts'

export interface NoteTextVersion {
  /** for `restore` */
  readonly id: string
  /** ms, by the clock of the device that kept it */
  readonly at: number
  readonly device: string
  /** Markdown */
  readonly text: string
}

/** What an editor made, and the salt of its session. */
export interface TypedText {
  readonly update: Uint8Array
  readonly salt: Uint8Array
}

/** One record of a device; undefined: gone. */
export interface TextRecord {
  readonly device: string
  readonly rkey: string
  readonly value: Uint8Array | undefined
}

/** Ids that can be told apart in keys of records: letters, digits, `_`, `~` and `-`, at most 64. */
export const isNoteId = (note: string): boolean => /^[A-Za-z0-9_~-]{1,64}$/.test(note)

/**
 * The text of one note: the merge of what devices' records hold, whatever the order in which they come, and this
 * device's own typing on its way into records. docs/space-text.md.
 */
export interface NoteText {
  readonly note: string
  /**
   * Takes in what a device's record is now; undefined when it is gone. What is malformed is told and counts for
   * nothing, until it is replaced.
   */
  put(device: string, rkey: string, value: Uint8Array | undefined): TextFault | undefined
  /**
   * Takes in what these records are now. Where devices would then say less than before, `whole` is asked for all the
   * records that they have at one moment, and the text stays as it was until they are here: what went on to another
   * record between two readings was not taken back. One at a time.
   */
  takeIn(
    changed: readonly TextRecord[],
    whole: (devices: readonly string[]) => Promise<readonly TextRecord[]>,
  ): Promise<void>
  /** Everything of a device is forgotten: its repo is gone, went back to another head, or counts no more. */
  drop(device: string): void
  /** Takes in what another device just typed: the value of an event. It is in no record yet. */
  hear(device: string, value: Uint8Array): TextFault | undefined
  /**
   * All of it as one Yjs update, and the client id with which an editor has to make its own: each editor opens once.
   * `salt` shows that the client is of this device, should the editor outlive this part of the engine.
   */
  open(): { readonly state: Uint8Array; readonly client: number; readonly salt: Uint8Array }
  /**
   * What an editor made, under the client id that `open` gave. Gives what others may be told at once (for their
   * `hear`), mostly one event. Stored by the next `take`.
   *
   * @param now ms since 1970
   * @param salt of the editor's session
   * @throws TextError `text.malformed`, `text.foreign`, `text.too-large`, `text.full`; nothing has changed then
   */
  typed(update: Uint8Array, now: number, salt?: Uint8Array): readonly Uint8Array[]
  /**
   * Takes in what of these is not here, in the order in which they were typed: a part of the engine that ended with
   * another page had heard it and not stored it. Gives what others may be told.
   *
   * @throws TextError as `typed`
   */
  ensure(updates: readonly TypedText[], now: number): readonly Uint8Array[]
  /**
   * What has to be written so that all that was typed is in records, in one commit; undefined when nothing has.
   * One at a time: `written` says that it is durable.
   *
   * @param options.settle few records instead of many: for a note that is left
   */
  take(options?: { readonly settle?: boolean }): TextFlush | undefined
  /** What editors that are open have to be told since the last call; read once. */
  takeNews(): TextNews | undefined
  /** All of it as one Yjs update. */
  state(): Uint8Array
  tree(): readonly TextElement[]
  /** Without marks: one line a block. */
  text(): string
  markdown(): string
  /** Text that was typed at something which is not, or no more, here, and so has no place. */
  unplaced(): readonly { readonly device: string; readonly text: string }[]
  /** Devices whose records are sound one by one and still fit no document: left out. */
  broken(): readonly string[]
  /** Kept by any device, newest first. */
  versions(): readonly NoteTextVersion[]
  /**
   * Makes the text what it was, by ordinary edits of this device; what it is now is kept as a version. Gives what
   * others may be told; nothing when there is no such version, or no difference.
   *
   * @throws TextError as `typed`
   */
  restore(id: string, now: number): readonly Uint8Array[]
}

/** @throws TextError `text.malformed` for an id of a note that is none */
export function createNoteText(options: {
  /** id of the note */
  readonly note: string
  /** own device: `did:key` */
  readonly device: string
  readonly random: Random
}): NoteText {
  const { note, device, random } = options
  if (!isNoteId(note)) throw new TextError('text.malformed', { reason: 'note' })
  const own = createAuthor(device, note)
  const authors = new Map<string, Author>([[device, own]])
  const document = createDocument()
  const writer = createWriter(note, own, random)
  let news: TextNews | undefined
  /** Records are being read: what seems to be gone may stand in another. */
  let isReading = false

  const authorOf = (other: string): Author => {
    const known = authors.get(other)
    if (known !== undefined) return known
    const author = createAuthor(other, note)
    authors.set(other, author)
    return author
  }
  const synced = () => {
    const fresh = document.sync(authors, isReading)
    if (fresh === undefined) return document
    // A reset says everything; what comes after one is added to it.
    const hasBoth = news !== undefined && !fresh.reset
    news = hasBoth
      ? { update: Y.mergeUpdates([news?.update ?? fresh.update, fresh.update]), reset: news?.reset ?? false }
      : fresh
    return document
  }
  const tree = () => readTree(synced().fragment)
  const typed: NoteText['typed'] = (update, now, salt) => {
    if (salt !== undefined) writer.resume(salt)
    return writer.typed(update, now, tree)
  }
  const find = (id: string) => {
    for (const author of authors.values())
      for (const [index, version] of author.versions)
        if (id === `${author.device}/${versionKey(note, index)}`) return version
    return undefined
  }

  return {
    note,
    put: (other, rkey, value) => authorOf(other).put(rkey, value),
    async takeIn(changed, whole) {
      isReading = true
      try {
        for (const { device: other, rkey, value } of changed) authorOf(other).put(rkey, value)
        const { less } = synced()
        if (less.length === 0) return
        const all = await whole(less)
        for (const other of less) {
          const author = authorOf(other)
          const now = all.filter((it) => it.device === other)
          const kept = new Set(now.map(({ rkey }) => rkey))
          for (const rkey of [...author.records.keys()]) if (!kept.has(rkey)) author.put(rkey, undefined)
          for (const { rkey, value } of now) author.put(rkey, value)
        }
      } finally {
        isReading = false
      }
    },
    drop(other) {
      // What this device typed and has not stored is not in its repo either way.
      if (other === device) own.clear()
      else authors.delete(other)
    },
    hear: (other, value) => (other === device ? undefined : authorOf(other).hear(value)),
    open: () => ({ state: synced().state(), ...writer.open() }),
    typed,
    ensure(updates, now) {
      if (updates.length === 0) return []
      const { base, tail } = own.given()
      const known = mergeUpdates([base, ...tail])
      return updates.flatMap(({ update, salt }) => {
        const read = mergeUpdates([readUpdate(new Uint8Array(update), OWN_FACTOR)])
        return covers(known, read) ? [] : typed(update, now, salt)
      })
    },
    take: ({ settle = false } = {}) => writer.take(settle),
    takeNews() {
      synced()
      const told = news
      news = undefined
      return told
    },
    state: () => synced().state(),
    tree,
    text: () => plainText(tree()),
    markdown: () => toMarkdown(tree()),
    unplaced: () => synced().unplaced(),
    broken: () => [...synced().broken],
    versions: () =>
      [...authors.values()]
        .flatMap((author) =>
          [...author.versions].map(([index, version]) => ({
            id: `${author.device}/${versionKey(note, index)}`,
            at: version.at,
            device: author.device,
            text: toMarkdown(version.tree),
          })),
        )
        .sort((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1)),
    restore(id, now) {
      const version = find(id)
      if (version === undefined) return []
      // In a document of its own, so that a refusal leaves nothing behind.
      const doc = new Y.Doc()
      Y.applyUpdate(doc, synced().state())
      doc.clientID = writer.open().client
      const present = tree()
      const made: Uint8Array[] = []
      doc.on('update', (update: Uint8Array) => made.push(update))
      doc.transact(() => restoreTree(doc.getXmlFragment(TEXT_FIELD), version.tree))
      doc.destroy()
      if (made.length === 0) return []
      const events = typed(Y.mergeUpdates(made), now)
      writer.keep(now, present)
      return events
    },
  }
}
