import { type Random, randomBytes } from '../crypto.ts'
import type { Author } from './author.ts'
import { textClient } from './client.ts'
import { malformed, TextError } from './errors.ts'
import { FULL_BASES, MAX_UPDATE_BYTES, OWN_FACTOR, SALT_BYTES, VERSION_EVERY } from './limits.ts'
import { mergeUpdates } from './merge.ts'
import { isEmpty, type TextUpdate } from './model.ts'
import { cutRuns, splitUpdate } from './pieces.ts'
import { readUpdate } from './read-update.ts'
import { versionKey, writeText } from './record.ts'
import { addPiece, changedKeys, settle, type Shelf, type TextChange } from './shelf.ts'
import type { TextElement } from './tree.ts'
import { type TextVersion, versionSlot, writeVersion } from './version.ts'

/** What there is to write in one commit. */
export interface TextFlush {
  readonly changes: readonly TextChange[]
  /** Says that it is durable. Without it the next flush has all of this again. */
  written(): void
}

/** This device's own side of a note. */
export interface TextWriter {
  /** A new session, for one editor: its client id, and the bytes that show whose it is. */
  open(): { readonly client: number; readonly salt: Uint8Array }
  /** A session that was opened before this part of the engine began, by what its editor was given then. */
  resume(salt: Uint8Array): void
  /** @throws TextError; gives values of events */
  typed(update: Uint8Array, now: number, tree: () => readonly TextElement[]): readonly Uint8Array[]
  /** Keeps this as a version with the next flush. */
  keep(now: number, tree: readonly TextElement[]): void
  take(isSettled: boolean): TextFlush | undefined
}

export function createWriter(note: string, author: Author, random: Random): TextWriter {
  /** of this run, beside those in records */
  const opened = new Map<number, Uint8Array>()
  let typed: { readonly update: TextUpdate; readonly bytes: number }[] = []
  /** not yet written, by the index of the record that they go to */
  const versions = new Map<number, TextVersion & { readonly value: Uint8Array }>()
  /** ms; when it was last asked whether a version is due */
  let askedAt = -Infinity

  const keep: TextWriter['keep'] = (now, tree) => {
    const known = new Map<number, TextVersion>([...author.versions, ...versions])
    const newest = [...known.values()].sort((a, b) => b.at - a.at)[0]
    if (tree.length === 0 || JSON.stringify(newest?.tree) === JSON.stringify(tree)) return
    const value = writeVersion({ at: now, tree })
    if (value !== undefined) versions.set(versionSlot(known), { at: now, tree, value })
  }
  const keepInTime = (now: number, tree: () => readonly TextElement[]): void => {
    // A clock that was put back must neither end versions for good, nor have one kept with each key until then.
    const before = [askedAt, ...[...author.versions.values()].map(({ at }) => at)].filter((at) => at <= now)
    if (now - Math.max(...before) < VERSION_EVERY) return
    askedAt = now
    keep(now, tree())
  }

  const salts = () => new Map([...author.sessions, ...opened])

  return {
    open() {
      const salt = randomBytes(random, SALT_BYTES)
      const client = textClient(author.device, note, salt)
      opened.set(client, salt)
      return { client, salt }
    },
    resume(salt) {
      if (salt.length !== SALT_BYTES) throw malformed('salt')
      opened.set(textClient(author.device, note, salt), new Uint8Array(salt))
    },
    typed(bytes, now, tree) {
      const update = readUpdate(new Uint8Array(bytes), OWN_FACTOR)
      const sessions = salts()
      // An editor may outlive this part of the engine: its session is known once anything of it is in a record.
      for (const client of update.structs.keys())
        if (!sessions.has(client)) throw new TextError('text.foreign', { client })
      const pieces = splitUpdate(cutRuns(update))
      // One base is left for what grows by being cut into records.
      if (
        stored(author) + typed.reduce((sum, each) => sum + each.bytes, bytes.length) >
        FULL_BASES * MAX_UPDATE_BYTES
      )
        throw new TextError('text.full')
      keepInTime(now, tree)
      typed.push({ update, bytes: bytes.length })
      author.hold(update, bytes.length)
      return pieces.map((piece) => writeText(piece, sessions))
    },
    keep,
    take(isSettled) {
      const pieces = [...typed]
      const taken = new Map(versions)
      const piece = mergeUpdates(pieces.map(({ update }) => update))
      const before: Shelf = new Map(author.records)
      let shelf = isEmpty(piece) ? before : addPiece(note, before, piece)
      if (isSettled) shelf = settle(note, shelf)
      const sessions = salts()
      const changes: TextChange[] = changedKeys(before, shelf).map((rkey) => {
        const update = shelf.get(rkey)
        return { rkey, value: update === undefined ? undefined : writeText(update, sessions) }
      })
      for (const [index, { value }] of taken) changes.push({ rkey: versionKey(note, index), value })
      if (changes.length === 0) return undefined
      return {
        changes,
        written() {
          author.replace(shelf, sessions)
          typed = typed.slice(pieces.length)
          for (const [index, version] of taken) {
            if (versions.get(index) === version) versions.delete(index)
            author.put(versionKey(note, index), version.value)
          }
        },
      }
    },
  }
}

/** About how many bytes the records of a device take, without writing them. */
function stored(author: Author): number {
  let bytes = 0
  for (const { structs, deletes } of author.records.values()) {
    for (const list of structs.values()) for (const { content } of list) bytes += content.length + 24
    for (const ranges of deletes.values()) bytes += ranges.length * 4
  }
  return bytes
}
