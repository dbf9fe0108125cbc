import { TextError } from './errors.ts'
import { MAX_LIVE_BYTES } from './limits.ts'
import { covers, mergeUpdates } from './merge.ts'
import type { TextStruct, TextUpdate } from './model.ts'
import { readText, type Sessions, textPlace } from './record.ts'
import { readVersion, type TextVersion } from './version.ts'

/** Why something of a device counts for nothing. */
export interface TextFault {
  readonly code: string
  readonly device: string
  readonly rkey: string | undefined
  readonly fields: Readonly<Record<string, unknown>>
}

/** What one device gave to one note. */
export interface Author {
  readonly device: string
  /** by key, as they were read */
  readonly records: ReadonlyMap<string, TextUpdate>
  readonly versions: ReadonlyMap<number, TextVersion>
  /** salts of the sessions in its records */
  readonly sessions: Sessions
  /** What a record is now; undefined when it is gone. */
  put(rkey: string, value: Uint8Array | undefined): TextFault | undefined
  /** Its records as they were written by this very device. */
  replace(records: ReadonlyMap<string, TextUpdate>, sessions: Sessions): void
  /** No records any more. */
  clear(): void
  /** What it just typed, before any record says so. */
  hear(value: Uint8Array): TextFault | undefined
  /** The same, read already, of whatever length: of this device itself. */
  hold(update: TextUpdate, bytes: number): void
  /** Everything: a function of the records, and of what was heard and no record says yet. */
  given(): Given
}

/** What an author gave. While it only types on, `base` is the same object and `tail` the same, growing, list. */
export interface Given {
  /** merged */
  readonly base: TextUpdate
  /** typed after that: clocks beyond those of `base` and of each other, and deletions */
  readonly tail: readonly TextUpdate[]
}

/** @param mostHeard bytes that may be heard and not yet stored */
export function createAuthor(device: string, note: string, mostHeard = MAX_LIVE_BYTES): Author {
  const records = new Map<string, TextUpdate>()
  const sessions = new Map<number, Uint8Array>()
  const versions = new Map<number, TextVersion>()
  let heard: { readonly update: TextUpdate; readonly bytes: number }[] = []
  let heardBytes = 0
  let base: TextUpdate | undefined
  let tail: TextUpdate[] = []
  /** where each client's clocks in `tail` end */
  let ends = new Map<number, number>()

  const fault = (error: unknown, rkey?: string): TextFault => {
    if (!(error instanceof TextError)) throw error
    return { code: error.code, device, rkey, fields: error.fields }
  }
  const put: Author['put'] = (rkey, value) => {
    const place = textPlace(note, rkey)
    if (place?.kind === 'version') {
      versions.delete(place.index)
      if (value !== undefined) versions.set(place.index, readVersion(value))
      return undefined
    }
    if (place === undefined) throw new TextError('text.malformed', { reason: 'rkey' })
    base = undefined
    // What is malformed counts for nothing, what stood there before too.
    records.delete(rkey)
    if (value === undefined) return undefined
    const read = readText(device, note, value)
    records.set(rkey, read.update)
    for (const [client, salt] of read.sessions) sessions.set(client, salt)
    return undefined
  }

  const hold: Author['hold'] = (update, bytes) => {
    heard.push({ update, bytes })
    heardBytes += bytes
    // A keystroke must not cost a merge of all that was ever typed.
    if (base !== undefined && goesOn(base, ends, update)) {
      tail.push(update)
      for (const [client, list] of update.structs) ends.set(client, endOf(list))
    } else base = undefined
  }

  return {
    device,
    records,
    versions,
    sessions,
    put(rkey, value) {
      try {
        return put(rkey, value)
      } catch (error) {
        return fault(error, rkey)
      }
    },
    replace(next, salts) {
      base = undefined
      records.clear()
      for (const [rkey, update] of next) records.set(rkey, update)
      for (const [client, salt] of salts) sessions.set(client, salt)
    },
    clear() {
      base = undefined
      records.clear()
      versions.clear()
    },
    hear(value) {
      try {
        if (heardBytes + value.length > mostHeard)
          throw new TextError('text.too-large', { reason: 'heard', bytes: heardBytes })
        hold(readText(device, note, value).update, value.length)
        return undefined
      } catch (error) {
        return fault(error)
      }
    },
    hold,
    given() {
      if (base !== undefined) return { base, tail }
      const byKey = [...records].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, update]) => update)
      const stored = mergeUpdates(byKey)
      heard = heard.filter(({ update }) => !covers(stored, mergeUpdates([update])))
      heardBytes = heard.reduce((sum, { bytes }) => sum + bytes, 0)
      base = heard.length === 0 ? stored : mergeUpdates([stored, ...heard.map(({ update }) => update)])
      // Others hold the list that was.
      tail = []
      ends = new Map()
      return { base, tail }
    },
  }
}

const endOf = (list: readonly TextStruct[] | undefined): number => {
  const last = list?.at(-1)
  return last === undefined ? 0 : last.clock + last.length
}

/** Whether all clocks of `update` come after those that are known of its clients. */
function goesOn(base: TextUpdate, ends: ReadonlyMap<number, number>, update: TextUpdate): boolean {
  return [...update.structs].every(
    ([client, [first]]) =>
      first !== undefined && first.clock >= (ends.get(client) ?? endOf(base.structs.get(client))),
  )
}
