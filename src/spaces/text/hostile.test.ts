import * as Y from 'yjs'
import { describe, expect, it } from 'vitest'
import { runs } from '../../core/testing/runs.ts'
import { concat, utf8 } from '../../core/bytes.ts'
import { createPrng, type Prng } from '../../repo/testing/prng.ts'
import { textClient } from './client.ts'
import { TextError } from './errors.ts'
import { MAX_CLOCK, MAX_UPDATE_BYTES, TEXT_FIELD } from './limits.ts'
import type { ClockRange, StructId, TextStruct, TextUpdate } from './model.ts'
import { createNoteText } from './note-text.ts'
import { readUpdate } from './read-update.ts'
import { writeText } from './record.ts'
import { createReplica, fresh, NOTE } from './testing/replica.ts'
import { readTree } from './tree.ts'
import { writeUpdate } from './write-update.ts'

const MALLORY = 'did:key:zMallory'
const ANA = 'did:key:zAna'

/** The code, or the update when it is read. */
function read(bytes: Uint8Array): TextUpdate | string {
  try {
    return readUpdate(bytes)
  } catch (error) {
    if (error instanceof TextError) return `${error.code} ${String(error.fields['reason'])}`
    throw error
  }
}

function ofHonestUse(): Uint8Array {
  const ana = createReplica(ANA, 1)
  ana.editor.type(0, 0, 'lime, sand and 石')
  ana.editor.block(0).format(0, 4, { bold: {}, 'link--abcdefgh': { href: 'https://a.example/' } })
  ana.editor.fragment.get(0).setAttribute('level', '2')
  ana.editor.erase(0, 3, 2)
  const doc = new Y.Doc()
  Y.applyUpdate(doc, ana.text.state())
  return Y.encodeStateAsUpdate(doc)
}

/** A map of lists as an update has them, with whatever numbers. */
const one = (client: number, clock: number, ...structs: Uint8Array[]): Uint8Array =>
  concat([Uint8Array.of(1, structs.length, client, clock), ...structs, Uint8Array.of(0)])
const root = concat([Uint8Array.of(1, TEXT_FIELD.length), utf8(TEXT_FIELD)])
const text = (value: string) => concat([Uint8Array.of(value.length), utf8(value)])

describe('an update that lies', () => {
  it('is refused, whichever bytes of an honest one are others', () => {
    const honest = ofHonestUse()
    expect(read(honest)).not.toBeTypeOf('string')
    const prng = createPrng(3)
    let passed = 0
    for (let round = 0; round < runs(2000); round++) {
      const bytes = new Uint8Array(honest)
      for (let flips = 1 + prng.int(3); flips > 0; flips--) bytes[prng.int(bytes.length)] = prng.int(256)
      const cut = prng.chance(0.2) ? bytes.subarray(0, prng.int(bytes.length)) : bytes
      const update = read(cut)
      if (typeof update === 'string') continue
      passed++
      // what passes means the same written again, and Yjs takes it
      expect(readUpdate(writeUpdate(update))).toEqual(update)
      const doc = new Y.Doc()
      Y.applyUpdate(doc, cut)
      readTree(doc.getXmlFragment(TEXT_FIELD))
      doc.destroy()
    }
    expect(passed).toBeGreaterThan(50)
  })

  it.each([
    ['nothing', new Uint8Array()],
    ['lengths that nothing stands behind', Uint8Array.of(1, 0xff, 0xff, 1, 5, 0, 4)],
    ['2^50 clients', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1)],
    ['a number in a longer form', Uint8Array.of(0x80, 0, 0)],
    ['more after its end', Uint8Array.of(0, 0, 0)],
    ['a client twice', Uint8Array.of(2, 1, 5, 0, 0, 1, 1, 5, 1, 0, 1, 0)],
    ['a client without structs', Uint8Array.of(1, 0, 5, 0, 0)],
    ['an empty run', one(5, 0, Uint8Array.of(0, 0))],
    ['a gap', one(5, 0, Uint8Array.of(10, 4))],
    ['a document within', one(5, 0, Uint8Array.of(9), root, text('guid'), Uint8Array.of(118, 0))],
    ['bytes', one(5, 0, Uint8Array.of(3), root, Uint8Array.of(1, 0))],
    ['JSON of the old kind', one(5, 0, Uint8Array.of(2), root, Uint8Array.of(1), text('1'))],
    ['a map', one(5, 0, Uint8Array.of(7), root, Uint8Array.of(1))],
    ['another root', one(5, 0, Uint8Array.of(7, 1), text('else'), Uint8Array.of(6))],
    ['itself as its parent', one(5, 0, Uint8Array.of(7, 0, 5, 0, 6))],
    ['something later of its own', one(5, 0, Uint8Array.of(0x87, 5, 7, 6))],
    ['a script as an element', one(5, 0, Uint8Array.of(7), root, Uint8Array.of(3), text('a b'))],
    ['a prototype', one(5, 0, Uint8Array.of(0x28), root, text('__proto__'), Uint8Array.of(1, 126))],
    ['a mark that is no JSON', one(5, 0, Uint8Array.of(6), root, text('bold'), text('{'))],
    ['a mark with a prototype', one(5, 0, Uint8Array.of(6), root, text('bold'), text('{"__proto__":{}}'))],
    ['characters in an attribute', one(5, 0, Uint8Array.of(0x24), root, text('level'), text('a'))],
    ['half of a character', one(5, 0, Uint8Array.of(4), root, Uint8Array.of(1, 0xc3))],
    ['a deletion of nothing', Uint8Array.of(0, 1, 5, 1, 0, 0)],
  ])('is refused: %s', (_, bytes) => {
    expect(read(bytes)).toMatch(/^text\.malformed/)
  })

  it('is refused when it is long, late, or deep', () => {
    expect(read(new Uint8Array(MAX_UPDATE_BYTES + 1))).toBe('text.malformed size')
    const late: TextStruct = {
      clock: MAX_CLOCK - 1,
      length: 2,
      info: 0,
      ...nowhere,
      content: new Uint8Array(),
    }
    expect(read(writeUpdate(of(5, [late])))).toMatch(/^text\.malformed/)
    const deep = Array.from({ length: 5000 }, (_, clock): TextStruct => ({
      ...nowhere,
      ...element,
      clock,
      parent: clock === 0 ? 'root' : { client: 5, clock: clock - 1 },
    }))
    expect(read(writeUpdate(of(5, deep)))).toBe('text.malformed nesting')
    expect(read(writeUpdate(of(5, deep.slice(0, 60))))).not.toBeTypeOf('string')
  })
})

const nowhere = { origin: undefined, right: undefined, parent: undefined, sub: undefined }
const element = { length: 1, info: 7, content: concat([Uint8Array.of(3), text('blockquote')]) }
const of = (client: number, structs: TextStruct[]): TextUpdate => ({
  structs: new Map([[client, structs]]),
  deletes: new Map(),
})

/** Structs that say anything at all that the reader lets through: of the device's own clients, about anyone's. */
function anything(prng: Prng, clients: readonly number[], others: readonly number[]): TextUpdate {
  const structs = new Map<number, TextStruct[]>()
  for (const client of clients) {
    const list: TextStruct[] = []
    let clock = prng.int(2) * prng.int(20)
    for (let count = 1 + prng.int(12); count > 0; count--) {
      const struct = anyStruct(prng, client, clock, others)
      list.push(struct)
      clock += struct.length
    }
    structs.set(client, list)
  }
  const deletes = new Map<number, ClockRange[]>()
  for (const client of others) {
    if (prng.chance(0.6)) continue
    const from = prng.int(40)
    deletes.set(client, [{ from, to: from + 1 + prng.int(prng.chance(0.1) ? 2 ** 30 : 10) }])
  }
  return { structs, deletes }
}

function anyStruct(prng: Prng, client: number, clock: number, others: readonly number[]): TextStruct {
  const id = (): StructId => {
    const other = prng.pick(others)
    return { client: other, clock: other === client ? prng.int(Math.max(clock, 1)) : prng.int(40) }
  }
  const maybe = () => {
    if (!prng.chance(0.5)) return undefined
    const it = id()
    return it.client === client && it.clock >= clock ? undefined : it
  }
  const origin = maybe()
  const right = maybe()
  const stands = origin === undefined && right === undefined
  const up = maybe()
  const parent = stands ? (up ?? 'root') : undefined
  const kind = prng.pick([1, 4, 4, 6, 7, 7, 8, 0])
  if (kind === 0) return { ...nowhere, clock, info: 0, length: 1 + prng.int(5), content: new Uint8Array() }
  const sub = kind === 8 && stands ? prng.pick(['level', 'x']) : undefined
  const info =
    kind | (origin === undefined ? 0 : 0x80) | (right === undefined ? 0 : 0x40) | (kind === 8 ? 0x20 : 0)
  const body: Record<number, readonly [number, Uint8Array]> = {
    1: [1 + prng.int(6), new Uint8Array()],
    4: [3, utf8(prng.pick(['abc', '石ab', '🪨x']))],
    6: [1, concat([text('bold'), text(prng.pick(['{}', 'null']))])],
    7: [
      1,
      prng.chance(0.5)
        ? Uint8Array.of(6)
        : concat([Uint8Array.of(3), text(prng.pick(['paragraph', 'nonsense']))]),
    ],
    8: [1, Uint8Array.of(1, 126)],
  }
  const [length, content] = body[kind] ?? [1, new Uint8Array()]
  return { clock, length, info, origin, right, parent, sub, content }
}

describe('a member that writes anything at all', () => {
  it.each(Array.from({ length: runs(50) }, (_, seed) => seed))(
    'breaks nothing, and all see the same (%i)',
    (seed) => {
      const prng = createPrng(`hostile ${seed}`)
      const ana = createReplica(ANA, 1)
      ana.editor.type(0, 0, 'lime and sand')
      ana.editor.block(0).format(0, 4, { bold: {} })
      const devices = [MALLORY, `${MALLORY}2`]
      const salts = Array.from({ length: 3 }, () => prng.bytes(8))
      const clientsOf = new Map(
        devices.map((device) => [
          device,
          new Map(salts.map((salt) => [textClient(device, NOTE, salt), salt])),
        ]),
      )
      const everyone = [...[...clientsOf.values()].flatMap((map) => [...map.keys()]), ana.editor.doc.clientID]
      const records: { device: string; rkey: string; value: Uint8Array }[] = []
      for (const [device, clients] of clientsOf)
        for (let at = 0; at < 4; at++) {
          const some = [...clients.keys()].filter(() => prng.chance(0.7))
          records.push({
            device,
            rkey: `${NOTE}.${at}`,
            value: writeText(anything(prng, some, everyone), clients),
          })
        }
      // read by one as it came, with changes of mind, while typing; and by another at the end
      const { text } = ana
      let taken = 0
      for (const { device, rkey, value } of prng.shuffle([...records, ...records])) {
        if (text.put(device, rkey, prng.chance(0.2) ? undefined : value) === undefined) taken++
        if (prng.chance(0.3)) ana.show()
        if (prng.chance(0.3)) ana.editor.type(0, 0, 'x')
      }
      for (const { device, rkey, value } of prng.shuffle([...records])) text.put(device, rkey, value)
      ana.flush()
      const other = fresh([ana])
      for (const { device, rkey, value } of prng.shuffle([...records])) other.put(device, rkey, value)
      expect(taken).toBeGreaterThan(0)
      expect(text.broken()).toEqual([])
      expect(other.broken()).toEqual([])
      expect(other.markdown()).toBe(text.markdown())
      const page = new Y.Doc()
      Y.applyUpdate(page, text.state())
      // removed, it leaves no trace
      for (const device of devices) text.drop(device)
      expect(text.markdown()).toBe(fresh([ana]).markdown())
    },
  )

  it('costs a bounded time at its worst', () => {
    const salt = new Uint8Array(8)
    const client = textClient(MALLORY, NOTE, salt)
    const COUNT = 16_000
    // all at one place, each before another one: what Yjs compares with each other
    const structs = Array.from({ length: COUNT }, (_, clock): TextStruct => {
      const right = clock > 1 ? { client, clock: (clock * 7919) % (clock - 1) } : undefined
      return {
        ...nowhere,
        ...element,
        clock,
        parent: right === undefined ? 'root' : undefined,
        right,
        info: right === undefined ? 7 : 0x47,
      }
    })
    const note = createNoteText({ note: NOTE, device: ANA, random: (length) => new Uint8Array(length) })
    const began = performance.now()
    expect(note.put(MALLORY, NOTE, writeText(of(client, structs), new Map([[client, salt]])))).toBeUndefined()
    note.state()
    const took = performance.now() - began
    console.info(`${COUNT} structs at one place: ${Math.round(took)} ms`)
    expect(took).toBeLessThan(20_000)
  })
})
