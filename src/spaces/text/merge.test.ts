import * as Y from 'yjs'
import { describe, expect, it } from 'vitest'
import { createPrng } from '../../repo/testing/prng.ts'
import { TextError } from './errors.ts'
import { FULL_BASES, MAX_STRUCTS, MAX_UPDATE_BYTES, OWN_FACTOR, TAILS, TEXT_FIELD } from './limits.ts'
import { covers, mergeUpdates } from './merge.ts'
import type { TextUpdate } from './model.ts'
import { splitUpdate } from './pieces.ts'
import { readUpdate } from './read-update.ts'
import { textPlace } from './record.ts'
import { addPiece, settle, type Shelf } from './shelf.ts'
import { toMarkdown } from './markdown.ts'
import { readTree } from './tree.ts'
import { writeUpdate } from './write-update.ts'

/** Updates of one who types, each read. */
function updatesOf(work: (text: Y.XmlText, doc: Y.Doc) => void, client = 77): TextUpdate[] {
  const doc = new Y.Doc()
  doc.clientID = client
  const updates: TextUpdate[] = []
  doc.on('update', (update: Uint8Array) => updates.push(readUpdate(update, OWN_FACTOR)))
  const paragraph = new Y.XmlElement('paragraph')
  const text = new Y.XmlText()
  paragraph.insert(0, [text])
  doc.getXmlFragment(TEXT_FIELD).insert(0, [paragraph])
  work(text, doc)
  return updates
}

const shown = (updates: readonly TextUpdate[]): string => {
  const doc = new Y.Doc()
  for (const update of updates) Y.applyUpdate(doc, writeUpdate(update))
  return toMarkdown(readTree(doc.getXmlFragment(TEXT_FIELD)))
}

const randomTyping = (seed: number, count: number) =>
  updatesOf((text) => {
    const prng = createPrng(seed)
    for (let i = 0; i < count; i++) {
      const at = prng.int(text.length + 1)
      if (prng.chance(0.2) && at > 0) text.delete(at - 1, 1)
      else if (prng.chance(0.1)) text.format(0, at, { bold: {} })
      else text.insert(prng.chance(0.7) ? text.length : at, prng.pick(['a', 'bc', '石', ' ']))
    }
  })

describe('merged updates', () => {
  it.each([1, 2, 3, 4, 5])('say what the parts say, in whatever order and however often (%i)', (seed) => {
    const prng = createPrng(seed)
    const updates = randomTyping(seed, 200)
    const whole = shown(updates)
    const parts = prng.shuffle([...updates, ...updates.slice(0, 50)])
    const halves = [mergeUpdates(parts.slice(0, 120)), mergeUpdates(parts.slice(120))]
    expect(shown([mergeUpdates(halves)])).toBe(whole)
    expect(shown([...halves].reverse())).toBe(whole)
    expect(writeUpdate(mergeUpdates(halves))).toEqual(writeUpdate(mergeUpdates(updates)))
  })

  it('join what was typed in one go, other than Yjs does', () => {
    const updates = updatesOf((text) => {
      for (let i = 0; i < 1000; i++) text.insert(i, 'x')
    })
    const merged = mergeUpdates(updates)
    expect([...merged.structs.values()].map((list) => list.length)).toEqual([3])
    expect(writeUpdate(merged).length).toBeLessThan(1100)
    expect(Y.mergeUpdates(updates.map((update) => writeUpdate(update))).length).toBeGreaterThan(
      5 * writeUpdate(merged).length,
    )
  })

  it('join nothing that stood before something else when it was typed', () => {
    const ana = new Y.Doc()
    ana.clientID = 77
    const updates: TextUpdate[] = []
    ana.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === null) updates.push(readUpdate(update))
    })
    const text = ana.getXmlFragment(TEXT_FIELD)
    // straight into the root: of the text alone is it here
    const run = new Y.XmlText()
    text.insert(0, [run])
    run.insert(0, 'a')
    const ben = new Y.Doc()
    Y.applyUpdate(ben, Y.encodeStateAsUpdate(ana))
    ;(ben.getXmlFragment(TEXT_FIELD).get(0) as Y.XmlText).insert(1, 'z')
    Y.applyUpdate(ana, Y.encodeStateAsUpdate(ben), 'ben')
    run.insert(1, 'b')
    // 'b' follows 'a', and stood before 'z', which 'a' did not
    expect(
      mergeUpdates(updates)
        .structs.get(77)
        ?.map(({ length }) => length),
    ).toEqual([1, 1, 1])
  })

  it('cover their parts, and nothing else', () => {
    const updates = randomTyping(9, 100)
    const all = mergeUpdates(updates)
    for (const update of updates) expect(covers(all, mergeUpdates([update]))).toBe(true)
    const less = mergeUpdates(updates.slice(0, 90))
    expect(covers(less, all)).toBe(false)
    const other = mergeUpdates(randomTyping(10, 100))
    expect(covers(all, other)).toBe(false)
  })
})

describe('parts of an update', () => {
  it('are each within the limits, and together what it was', () => {
    const updates = updatesOf((text, doc) => {
      doc.transact(() => {
        for (let i = 0; i < 3; i++)
          text.insert(text.length, String(i).repeat(400_000), i === 1 ? { bold: {} } : {})
      })
    })
    const pieces = splitUpdate(mergeUpdates(updates))
    expect(pieces.length).toBe(2)
    for (const piece of pieces) expect(readUpdate(writeUpdate(piece))).toEqual(piece)
    expect(shown([...pieces].reverse())).toBe(shown(updates))
  })

  it('are many where structs are many', () => {
    const updates = updatesOf((text, doc) => {
      doc.transact(() => {
        for (let i = 0; i < 40_000; i++) text.insert(0, 'x')
      })
    })
    const pieces = splitUpdate(mergeUpdates(updates))
    expect(pieces.length).toBe(2)
    for (const { structs } of pieces)
      for (const list of structs.values()) expect(list.length).toBeLessThanOrEqual(MAX_STRUCTS)
  })

  it('are none for one run that no record holds', () => {
    const updates = updatesOf((text) => text.insert(0, 'a'.repeat(1000)))
    const [, update] = updates
    const structs = [...(update?.structs ?? [])].map(
      ([client, [struct]]) =>
        [
          client,
          struct === undefined ? [] : [{ ...struct, content: new Uint8Array(MAX_UPDATE_BYTES) }],
        ] as const,
    )
    expect(() => splitUpdate({ structs: new Map(structs), deletes: new Map() })).toThrow(TextError)
  })
})

describe('the records of a device', () => {
  const kinds = (shelf: Shelf, kind: string) =>
    [...shelf.keys()].filter((key) => textPlace('n', key)?.kind === kind)

  it('are few, however much is typed, and hold all of it', () => {
    const updates = updatesOf((text) => {
      for (let i = 0; i < 7000; i++) text.insert(i % 3 === 0 ? 0 : text.length, 'y')
    })
    let shelf: Shelf = new Map()
    for (const update of updates) {
      shelf = addPiece('n', shelf, update)
      expect(kinds(shelf, 'tail').length).toBeLessThanOrEqual(TAILS)
    }
    expect(kinds(shelf, 'base')).toHaveLength(1)
    expect(shown([...shelf.values()])).toBe(shown(updates))
    const settled = settle('n', shelf)
    expect(settled.size).toBeLessThanOrEqual(2)
    expect(settle('n', settled)).toBe(settled)
    expect(shown([...settled.values()])).toBe(shown(updates))
  })

  it('begin a new base when one is full, and end with the last', () => {
    let shelf: Shelf = new Map()
    const chunk = 'z'.repeat(400_000)
    const add = (client: number) => {
      for (const update of updatesOf((text) => text.insert(0, chunk), client))
        shelf = addPiece('n', shelf, update)
      shelf = settle('n', shelf)
    }
    for (let client = 1; client <= 5; client++) add(client)
    expect(kinds(shelf, 'full')).toHaveLength(2)
    expect(() => {
      for (let client = 6; client <= 2 * FULL_BASES + 8; client++) add(client)
    }).toThrow(/text\.full/)
    expect(kinds(shelf, 'full')).toHaveLength(FULL_BASES)
  })
})
