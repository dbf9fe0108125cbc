import { TEXT_COLLECTION } from '../../spaces/text/limits.ts'
import { createFlusher, type Flusher } from '../../spaces/text/flusher.ts'
import {
  createNoteText,
  isNoteId,
  type NoteText,
  type TextRecord,
  type TypedText,
} from '../../spaces/text/note-text.ts'
import { noteOf } from '../../spaces/text/record.ts'
import type { Vault, VaultChange, VaultPlace } from '../../spaces/vault/model.ts'
import type { Timers } from '../../core/timers.ts'
import type { NoteVersion } from '../space-model.ts'
import { quietly } from './parts.ts'

/** Notes that are held open; the ones that nobody looked at longest go first. */
const OPEN = 16

/** The texts of one space's notes. */
export interface SpaceNotes {
  open(
    note: string,
  ): Promise<{ readonly state: Uint8Array; readonly client: number; readonly salt: Uint8Array }>
  typed(note: string, update: Uint8Array, salt?: Uint8Array): Promise<void>
  /** Stores what was typed; `typed` is what an editor was not yet told to be stored, and may have told another context. */
  flush(note: string, typed?: readonly TypedText[]): Promise<void>
  /** What another device has just typed. */
  heard(device: string, note: string, value: Uint8Array): Promise<void>
  versions(note: string): Promise<NoteVersion[]>
  restore(note: string, version: string): Promise<void>
  markdown(note: string): Promise<string>
  /** Reads the texts of these notes, without marks, for search: those that are not known. */
  readTexts(notes: readonly string[]): Promise<void>
  text(note: string): string | undefined
  changed(change: VaultChange): Promise<void>
  /** Stores what was typed into any note. */
  flushAll(): Promise<void>
  close(): Promise<void>
}

interface Open {
  /** this device, as it was then */
  readonly device: string
  readonly text: NoteText
  readonly flusher: Flusher
}

export function createSpaceNotes(options: {
  readonly vault: Vault
  readonly timers: Timers
  readonly random: (length: number) => Uint8Array
  readonly now: () => number
  /** others who are here are told at once; resolves when it is on its way, and never rejects */
  readonly say: (note: string, value: Uint8Array) => Promise<unknown>
  /** editors that are open are told */
  readonly onUpdate: (note: string, news: { readonly update: Uint8Array; readonly reset: boolean }) => void
  readonly onFailure: (error: unknown) => void
}): SpaceNotes {
  const { vault, timers, random, now, say, onUpdate, onFailure } = options
  const opened = new Map<string, Promise<Open>>()
  const texts = new Map<string, string>()
  /** notes that editors have open: they hold client ids that were given for this opening */
  const edited = new Set<string>()

  const tell = (note: string, { text }: Open): void => {
    const news = text.takeNews()
    if (news === undefined) return
    texts.delete(note)
    onUpdate(note, news)
  }
  const store = async (device: string, text: NoteText, settle: boolean): Promise<void> => {
    // Under the name of another device it would be nothing.
    if (device !== vault.device().id) return
    const flush = text.take({ settle })
    if (flush === undefined) return
    await vault.write(flush.changes.map(({ rkey, value }) => ({ collection: TEXT_COLLECTION, rkey, value })))
    flush.written()
  }
  const load = async (note: string): Promise<Open> => {
    const device = vault.device().id
    const text = createNoteText({ note, device, random })
    for (const it of await vault.list(TEXT_COLLECTION, note))
      if (noteOf(it.rkey) === note) text.put(it.device, it.rkey, it.value)
    text.takeNews()
    const flusher = createFlusher({ timers, write: () => store(device, text, false), failed: onFailure })
    return { device, text, flusher }
  }
  const letGo = async (note: string): Promise<void> => {
    const it = await opened.get(note)
    opened.delete(note)
    if (it === undefined) return
    await it.flusher.flush()
    await store(it.device, it.text, true)
    it.flusher.close()
  }
  const use = async (note: string): Promise<Open> => {
    const found = opened.get(note) ?? load(note)
    opened.delete(note)
    opened.set(note, found)
    found.catch(() => opened.delete(note))
    // One that an editor has open is asked for anew with each key: of the others the oldest goes.
    const idle = [...opened.keys()].find((other) => !edited.has(other))
    if (opened.size > OPEN && idle !== undefined && idle !== note) quietly(letGo(idle))
    return found
  }
  const made = async (note: string, it: Open, values: readonly Uint8Array[]): Promise<void> => {
    const said = values.map((value) => say(note, value))
    for (const value of values) it.flusher.typed(value.length)
    await Promise.all(said)
  }

  /** Places of text that were told to have changed and have not been read since. */
  let untaken: VaultPlace[] = []
  /** One reading after another: an older one that came in after a newer would take back what was typed between. */
  let taking: Promise<void> = Promise.resolve()
  /** All records that these devices have of a note, at one moment. */
  const wholeOf = async (note: string, devices: readonly string[]): Promise<readonly TextRecord[]> => {
    const all = await vault.list(TEXT_COLLECTION, note)
    return all.filter(({ device, rkey }) => devices.includes(device) && noteOf(rkey) === note)
  }
  /**
   * Takes in what records of a note are now, all of them at once: what moves from one record to another would in
   * between look like something that was taken back, for which editors begin anew.
   */
  const take = async (note: string, changed: readonly VaultPlace[]): Promise<void> => {
    const it = await opened.get(note)
    if (it === undefined) texts.delete(note)
    const theirs = changed.filter(({ device }) => device !== vault.device().id)
    if (it === undefined || theirs.length === 0) return
    const values = await vault.read(theirs)
    const read = theirs.map((place) => ({ ...place, value: values.get(place) }))
    await it.text.takeIn(read, (devices) => wholeOf(note, devices))
    tell(note, it)
  }

  const takeAll = async (): Promise<void> => {
    const places = untaken
    untaken = []
    for (const [note, all] of Map.groupBy(places, ({ rkey }) => noteOf(rkey))) await take(note, all)
  }

  return {
    async open(note) {
      edited.add(note)
      return (await use(note)).text.open()
    },
    async typed(note, update, salt) {
      const it = await use(note)
      const said = made(note, it, it.text.typed(update, now(), salt))
      // For search it is read again when it is asked for.
      texts.delete(note)
      // Another editor of this device shows it too; but what has the longest way goes first.
      await said
      onUpdate(note, { update, reset: false })
    },
    async flush(note, typed = []) {
      const it = await (typed.length === 0 ? opened.get(note) : use(note))
      if (it === undefined) return
      const values = it.text.ensure(typed, now())
      if (values.length > 0) {
        // It never rejects.
        void made(note, it, values)
        tell(note, it)
      }
      await it.flusher.flush()
    },
    async heard(device, note, value) {
      const it = await opened.get(note)
      if (it === undefined) return
      it.text.hear(device, value)
      tell(note, it)
    },
    async versions(note) {
      await taking
      const { text } = await use(note)
      return text.versions().map(({ id, at, device, text: said }) => ({
        ...{ id, at, text: said },
        by: vault.persons.personOf(device) ?? device,
      }))
    },
    async restore(note, version) {
      const it = await use(note)
      void made(note, it, it.text.restore(version, now()))
      tell(note, it)
      await it.flusher.flush()
    },
    markdown: async (note) => (await use(note)).text.markdown(),
    async readTexts(notes) {
      for (const note of notes) {
        // Any member can make a note with an id that has no text: it is not to keep the others from being found.
        if (texts.has(note) || !isNoteId(note)) continue
        const it = await (opened.get(note) ?? load(note))
        texts.set(note, it.text.text())
        if (!opened.has(note)) it.flusher.close()
      }
    },
    text: (note) => texts.get(note),
    changed({ records }) {
      untaken.push(...records.filter(({ collection }) => collection === TEXT_COLLECTION))
      const mine = taking.then(takeAll)
      taking = mine.catch(() => {})
      return mine
    },
    async flushAll() {
      for (const it of await Promise.all(opened.values())) await it.flusher.flush()
    },
    async close() {
      for (const note of [...opened.keys()]) await letGo(note)
    },
  }
}
