import * as Y from 'yjs'
import { fromUtf8Strict } from '../../core/bytes.ts'
import type { Author, Given } from './author.ts'
import { TEXT_FIELD } from './limits.ts'
import { covers, mergeUpdates } from './merge.ts'
import {
  type ClockRange,
  EMPTY_UPDATE,
  isEmpty,
  kindOf,
  STRING,
  type TextStruct,
  type TextUpdate,
} from './model.ts'
import { coversRanges, joinRanges } from './ranges.ts'
import { writeUpdate } from './write-update.ts'

/** What editors have to be told. */
export interface TextNews {
  /** an update of Yjs */
  readonly update: Uint8Array
  /** something that was there is no more: an editor begins anew with this */
  readonly reset: boolean
}

/** The Yjs document of a note, a function of what its authors gave. */
export interface TextDocument {
  /**
   * Brings in what the authors have now; undefined when nothing is new. `keeps`: not while one of them says less than
   * before, in `less`.
   */
  sync(authors: ReadonlyMap<string, Author>, keeps: boolean): TextNews | undefined
  /** devices that said less, or something else, than what is in the document, when it was brought up to date last */
  readonly less: readonly string[]
  readonly fragment: Y.XmlFragment
  state(): Uint8Array
  /** Text of whose place nothing is known: it was typed at something that is not, or no more, here. */
  unplaced(): readonly { readonly device: string; readonly text: string }[]
  /** devices whose structs fit no document, which is left without them */
  readonly broken: ReadonlySet<string>
}

/** What of an author is in the document: of its tail the first `count`. */
interface Applied extends Given {
  readonly count: number
}

export function createDocument(): TextDocument {
  let doc = new Y.Doc()
  /** what of each author is in `doc` */
  let applied = new Map<string, Applied>()
  const broken = new Set<string>()
  let less: readonly string[] = []

  /** A document never forgets: when one author says less or else than before, it is made anew. */
  const rebuild = (now: ReadonlyMap<string, Given>): void => {
    doc.destroy()
    doc = new Y.Doc()
    applied = new Map()
    // In this order everywhere, should one be broken.
    for (const [device, given] of [...now].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (broken.has(device)) continue
      try {
        Y.applyUpdate(doc, writeUpdate(all(given)))
        applied.set(device, soFar(given))
      } catch {
        // Nothing that passes `readUpdate` is known to come here. What Yjs threw in the midst of a transaction
        // leaves no sound document, so it begins again without this one.
        broken.add(device)
        rebuild(now)
        return
      }
    }
  }

  const sync: TextDocument['sync'] = (authors, keeps) => {
    const now = new Map([...authors].map(([device, author]) => [device, author.given()]))
    for (const device of broken) if (!now.has(device)) broken.delete(device)
    const fresh: TextUpdate[] = []
    const lost = [...applied.keys()].filter((device) => !now.has(device))
    for (const [device, given] of now) {
      if (broken.has(device)) continue
      const more = since(applied.get(device), given)
      if (more === undefined) lost.push(device)
      else fresh.push(...more)
    }
    less = lost
    if (lost.length > 0 && keeps) return undefined
    if (lost.length === 0) {
      const change = mergeUpdates(fresh)
      const update = isEmpty(change) ? undefined : writeUpdate(change)
      try {
        if (update !== undefined) Y.applyUpdate(doc, update)
        for (const [device, given] of now) if (!broken.has(device)) applied.set(device, soFar(given))
        return update === undefined ? undefined : { update, reset: false }
      } catch {
        // as above
      }
    }
    rebuild(now)
    return { update: Y.encodeStateAsUpdate(doc), reset: true }
  }

  return {
    sync,
    broken,
    get less() {
      return less
    },
    get fragment() {
      return doc.getXmlFragment(TEXT_FIELD)
    },
    state: () => Y.encodeStateAsUpdate(doc),
    unplaced() {
      const known = Y.decodeStateVector(Y.encodeStateVector(doc))
      const { deletes } = mergeUpdates(
        [...applied.values()].map((given) => ({ ...EMPTY_UPDATE, deletes: all(given).deletes })),
      )
      return [...applied].flatMap(([device, given]) => {
        let text = ''
        for (const [client, list] of all(given).structs) {
          const ranges = deletes.get(client) ?? []
          for (const { clock, length, content } of list.filter(
            (struct) => kindOf(struct) === STRING && struct.clock >= (known.get(client) ?? 0),
          )) {
            if (!ranges.some(({ from, to }) => from <= clock && clock + length <= to))
              text += fromUtf8Strict(content) ?? ''
          }
        }
        return text === '' ? [] : [{ device, text }]
      })
    },
  }
}

const all = ({ base, tail }: Given): TextUpdate => (tail.length === 0 ? base : mergeUpdates([base, ...tail]))

/** The same, without what its list may yet grow by; the list itself stays, so that it is known again. */
const soFar = ({ base, tail }: Given): Applied => ({ base, tail, count: tail.length })

/** What an author gives beyond what is applied; undefined when that is no more all of it. */
function since(applied: Applied | undefined, given: Given): readonly TextUpdate[] | undefined {
  if (applied === undefined) return [all(given)]
  if (applied.base === given.base && applied.tail === given.tail) return given.tail.slice(applied.count)
  const before = all({ base: applied.base, tail: applied.tail.slice(0, applied.count) })
  const now = all(given)
  return covers(now, before) ? [added(now, before)] : undefined
}

const clocksOf = ({ clock, length }: TextStruct): ClockRange => ({ from: clock, to: clock + length })

/** What `update` says beyond `before`, which it covers: whole structs, so some of it may be known. */
function added(update: TextUpdate, before: TextUpdate): TextUpdate {
  const structs = [...update.structs].flatMap(([client, list]) => {
    const known = before.structs.get(client)
    if (known === undefined) return [[client, list] as const]
    const ranges = joinRanges(known.map(clocksOf))
    const fresh = list.filter((struct) => !coversRanges(ranges, [clocksOf(struct)]))
    return fresh.length === 0 ? [] : [[client, fresh] as const]
  })
  const deletes = [...update.deletes].flatMap(([client, ranges]) => {
    const known = before.deletes.get(client)
    if (known === undefined) return [[client, ranges] as const]
    const seen = new Set(known.map(({ from, to }) => `${from}-${to}`))
    const fresh = ranges.filter(({ from, to }) => !seen.has(`${from}-${to}`))
    return fresh.length === 0 ? [] : [[client, fresh] as const]
  })
  return { structs: new Map(structs), deletes: new Map(deletes) }
}
