import * as Y from 'yjs'
import { describe, expect, it } from 'vitest'
import { createNoteText, type TypedText } from './note-text.ts'
import { readText, writeText } from './record.ts'
import { createReplica, fresh, NOTE } from './testing/replica.ts'

const ANA = 'did:key:zAna'
const BEN = 'did:key:zBen'
const MINUTE = 60_000

describe('the text of a note', () => {
  it('is what two typed at once, after either stored it', () => {
    const ana = createReplica(ANA, 1)
    const ben = createReplica(BEN, 2)
    ana.editor.type(0, 0, 'ladder')
    ana.flush()
    ben.pull(ana)
    ben.show()
    ana.editor.type(0, 6, ' and rope')
    ben.editor.type(0, 0, 'the ')
    ana.flush()
    ben.flush()
    ana.pull(ben)
    ben.pull(ana)
    expect(ana.text.text()).toBe('the ladder and rope')
    expect(ben.text.text()).toBe('the ladder and rope')
    expect(fresh([ana, ben]).text()).toBe('the ladder and rope')
  })

  it('shows what another types before it is stored, and the same after', () => {
    const ana = createReplica(ANA, 1)
    const ben = createReplica(BEN, 2)
    ana.editor.type(0, 0, 'soon')
    for (const event of ana.events) expect(ben.text.hear(ANA, event)).toBeUndefined()
    expect(ben.text.text()).toBe('soon')
    expect(ben.text.takeNews()?.reset).toBe(false)
    ana.flush()
    ben.pull(ana)
    expect(ben.text.text()).toBe('soon')
    expect(ben.text.takeNews()).toBeUndefined()
  })

  it('keeps what was typed until it is said to be durable', () => {
    const ana = createReplica(ANA, 1)
    ana.editor.type(0, 0, 'once')
    const lost = ana.text.take()
    expect(lost?.changes).toHaveLength(1)
    ana.editor.type(0, 4, ' and for all')
    ana.flush()
    expect(ana.text.take()).toBeUndefined()
    expect(fresh([ana]).text()).toBe('once and for all')
  })

  it('keeps what is typed while a write runs', () => {
    const ana = createReplica(ANA, 1)
    ana.editor.type(0, 0, 'first')
    const flush = ana.text.take()
    ana.editor.type(0, 5, ' second')
    for (const { rkey, value } of flush?.changes ?? []) if (value !== undefined) ana.stored.set(rkey, value)
    flush?.written()
    expect(ana.text.text()).toBe('first second')
    expect(fresh([ana]).text()).toBe('first')
    ana.flush()
    expect(fresh([ana]).text()).toBe('first second')
  })

  it('forgets what a device gave when its records go, and tells editors to begin anew', () => {
    const ana = createReplica(ANA, 1)
    const ben = createReplica(BEN, 2)
    ana.editor.type(0, 0, 'mine')
    ana.flush()
    ben.pull(ana)
    ben.show()
    ben.editor.type(0, 4, ' and yours')
    ben.flush()
    ana.pull(ben)
    ana.show()
    expect(ana.text.text()).toBe('mine and yours')
    ana.text.drop(BEN)
    expect(ana.text.text()).toBe('mine')
    expect(ana.text.takeNews()?.reset).toBe(true)
  })

  it('tells of text whose place is gone, by whom it was', () => {
    const ana = createReplica(ANA, 1)
    const ben = createReplica(BEN, 2)
    ana.editor.type(0, 0, 'mine')
    ana.flush()
    ben.pull(ana)
    ben.show()
    ben.editor.type(0, 4, ' and yours')
    ben.editor.erase(0, 4, 4)
    ben.flush()
    expect(fresh([ben]).text()).toBe('')
    expect(fresh([ben]).unplaced()).toEqual([{ device: BEN, text: ' and yours' }])
    expect(fresh([ben, ana]).unplaced()).toEqual([])
  })

  it('says the same however a device changes what it once said', () => {
    const one = createReplica(ANA, 1)
    const other = createReplica(ANA, 1)
    one.editor.type(0, 0, 'yes')
    other.editor.type(0, 0, 'not')
    one.flush()
    other.flush()
    const seen = createNoteText({ note: NOTE, device: BEN, random: (length) => new Uint8Array(length) })
    for (const [rkey, value] of one.stored) seen.put(ANA, rkey, value)
    expect(seen.text()).toBe('yes')
    // the same clocks of the same client, another text
    for (const [rkey, value] of other.stored) seen.put(ANA, rkey, value)
    expect(seen.text()).toBe('not')
    for (const [, value] of one.stored) seen.put(ANA, `${NOTE}.31`, value)
    const order = fresh([other])
    for (const [, value] of one.stored) order.put(ANA, `${NOTE}.31`, value)
    expect(seen.text()).toBe(order.text())
  })
})

describe('who wrote what', () => {
  it('takes no structs under a client id of another device', () => {
    const ana = createReplica(ANA, 1)
    ana.editor.type(0, 0, 'hers')
    ana.flush()
    const [value] = ana.stored.values()
    const reader = fresh([])
    // a copy of her record as his
    expect(reader.put(BEN, NOTE, value)).toMatchObject({ code: 'text.foreign', device: BEN })
    expect(reader.put(ANA, `${NOTE}.0`, value)).toBeUndefined()
    expect(reader.text()).toBe('hers')
  })

  it('takes no structs of another note', () => {
    const ana = createReplica(ANA, 1, '3other')
    ana.editor.type(0, 0, 'elsewhere')
    ana.flush()
    const [value] = ana.stored.values()
    expect(fresh([]).put(ANA, NOTE, value)).toMatchObject({ code: 'text.foreign' })
  })

  it('lets this device type under ids only that it was given', () => {
    const ana = createReplica(ANA, 1)
    const doc = new Y.Doc()
    const made: Uint8Array[] = []
    doc.on('update', (update: Uint8Array) => made.push(update))
    doc.getXmlFragment('note').insert(0, [new Y.XmlElement('paragraph')])
    expect(() => ana.text.typed(made[0] ?? new Uint8Array(), 0)).toThrow(/text\.foreign/)
    expect(ana.text.take()).toBeUndefined()
  })

  it('lets an editor type on that outlives this part of the engine', () => {
    const ana = createReplica(ANA, 1)
    ana.editor.type(0, 0, 'on')
    ana.flush()
    const again = createNoteText({ note: NOTE, device: ANA, random: (length) => new Uint8Array(length) })
    for (const [rkey, value] of ana.stored) again.put(ANA, rkey, value)
    const made: Uint8Array[] = []
    ana.editor.doc.on('update', (update: Uint8Array) => made.push(update))
    ana.editor.type(0, 2, ' and on')
    for (const update of made) expect(again.typed(update, 0)).toHaveLength(1)
    expect(again.text()).toBe('on and on')
  })

  it('takes what an editor typed that was heard and not stored before this part of the engine began', () => {
    const ana = createReplica(ANA, 1)
    const typed: TypedText[] = []
    const { client, salt } = ana.text.open()
    const doc = new Y.Doc()
    doc.clientID = client
    doc.on('update', (update: Uint8Array) => typed.push({ update, salt }))
    const paragraph = new Y.XmlElement('paragraph')
    const run = new Y.XmlText()
    doc.transact(() => {
      paragraph.insert(0, [run])
      doc.getXmlFragment('note').insert(0, [paragraph])
    })
    for (const word of ['heard', ', lost', ', said again']) run.insert(run.length, word)
    run.delete(0, 1)
    const again = createNoteText({ note: NOTE, device: ANA, random: (length) => new Uint8Array(length) })
    // a key that came before it was told of the rest
    const [last] = typed.slice(-1)
    again.typed(last?.update ?? new Uint8Array(), 0, salt)
    expect(again.ensure(typed, 0).length).toBeGreaterThan(0)
    expect(again.text()).toBe('eard, lost, said again')
    expect(again.ensure(typed, 0)).toEqual([])
    again.take()?.written()
    expect(again.ensure(typed, 0)).toEqual([])
    expect(again.take()).toBeUndefined()
    const other = createNoteText({ note: NOTE, device: BEN, random: (length) => new Uint8Array(length) })
    expect(() => other.ensure(typed, 0)).toThrow(/text\.foreign/)
  })

  it('refuses what is malformed, counts nothing of it, and takes what replaces it', () => {
    const ana = createReplica(ANA, 1)
    ana.editor.type(0, 0, 'fine')
    ana.flush()
    const value = ana.stored.get(`${NOTE}.0`) ?? new Uint8Array()
    const reader = fresh([ana])
    expect(reader.text()).toBe('fine')
    expect(reader.put(ANA, `${NOTE}.0`, value.subarray(1))).toMatchObject({ code: 'text.malformed' })
    expect(reader.text()).toBe('')
    expect(reader.put(ANA, `${NOTE}.48`, value)).toMatchObject({ fields: { reason: 'rkey' } })
    expect(reader.put(ANA, `${NOTE}.0`, value)).toBeUndefined()
    expect(reader.text()).toBe('fine')
  })

  it('takes a paste that no one record holds', () => {
    const ana = createReplica(ANA, 1)
    const ben = createReplica(BEN, 2)
    ana.editor.doc.transact(() => {
      for (let at = 0; at < 5; at++) {
        const paragraph = new Y.XmlElement('paragraph')
        paragraph.insert(0, [new Y.XmlText(String(at).repeat(300_000))])
        ana.editor.fragment.insert(at, [paragraph])
      }
    })
    expect(ana.events.length).toBeGreaterThan(1)
    const faults = ana.events.map((event) => ben.text.hear(ANA, event))
    expect(faults[0]).toMatchObject({ code: 'text.too-large', fields: { reason: 'heard' } })
    ana.flush()
    expect(ana.stored.size).toBe(2)
    ben.pull(ana)
    expect(ben.text.text()).toBe(ana.text.text())
    expect(ben.text.text().length).toBe(5 * 300_000 + 4)
  })

  it('reads back what it writes, byte for byte', () => {
    const ana = createReplica(ANA, 1)
    ana.editor.type(0, 0, 'fine 🪨 ÿ')
    ana.editor.fragment.get(0).setAttribute('textAlign', 'left')
    ana.editor.block(0).format(0, 4, { bold: {}, link: { href: 'https://a.example/', target: null } })
    ana.flush()
    const value = ana.stored.get(`${NOTE}.0`) ?? new Uint8Array()
    const { update, sessions } = readText(ANA, NOTE, value)
    expect(writeText(update, sessions)).toEqual(value)
  })
})

describe('versions', () => {
  it('are kept at most every ten minutes, before someone types on', () => {
    const ana = createReplica(ANA, 1)
    ana.editor.type(0, 0, 'a')
    ana.now += 5 * MINUTE
    ana.editor.type(0, 1, 'b')
    ana.flush()
    expect(ana.text.versions()).toEqual([])
    ana.now += 6 * MINUTE
    ana.editor.type(0, 2, 'c')
    ana.now += 1
    ana.editor.type(0, 3, 'd')
    ana.flush()
    expect(ana.text.versions().map(({ text }) => text)).toEqual(['ab\n'])
    ana.now += 11 * MINUTE
    ana.editor.erase(0, 0, 4)
    ana.flush()
    expect(ana.text.versions().map(({ text }) => text)).toEqual(['abcd\n', 'ab\n'])
    expect(fresh([ana]).versions()).toEqual(ana.text.versions())
  })

  it('are as few when one of them is of a clock that was ahead', () => {
    const ana = createReplica(ANA, 1)
    ana.now += 365 * 24 * 60 * MINUTE
    ana.editor.type(0, 0, 'a')
    ana.now += 11 * MINUTE
    ana.editor.type(0, 1, 'b')
    ana.flush()
    ana.now -= 364 * 24 * 60 * MINUTE
    const before = ana.text.versions().length
    for (let i = 2; i < 12; i++) {
      ana.editor.type(0, i, 'c')
      ana.now += 1000
    }
    ana.flush()
    expect(ana.text.versions()).toHaveLength(before + 1)
  })

  it('are at most twenty of a device, the first of them among those', () => {
    const ana = createReplica(ANA, 1)
    for (let i = 0; i < 40; i++) {
      ana.editor.type(0, i, String(i % 10))
      ana.flush()
      ana.now += 11 * MINUTE
    }
    const kept = ana.text.versions()
    expect(kept).toHaveLength(20)
    expect(kept.at(-1)?.text).toBe('0\n')
    expect(kept.slice(0, 8).map(({ text }) => text.length)).toEqual([40, 39, 38, 37, 36, 35, 34, 33])
  })

  it('come back by edits: what others typed since is in a version, and what they type meanwhile stays', () => {
    const ana = createReplica(ANA, 1)
    const ben = createReplica(BEN, 2)
    ana.editor.type(0, 0, 'heading')
    ana.editor.doc.transact(() => {
      const paragraph = new Y.XmlElement('paragraph')
      paragraph.insert(0, [new Y.XmlText('good ')])
      ana.editor.fragment.insert(1, [paragraph])
    })
    ana.now += 11 * MINUTE
    ana.editor.type(1, 5, 'text')
    ana.editor.block(1).format(5, 4, { bold: {} })
    ana.now += 11 * MINUTE
    ana.editor.erase(1, 0, 9)
    ana.flush()
    ben.pull(ana)
    ben.show()
    ben.editor.type(1, 0, 'spoiled')
    ben.flush()
    ana.pull(ben)
    // unseen by her when she restores
    ben.editor.type(0, 0, 'my ')
    ben.flush()
    expect(ana.text.text()).toBe('heading\nspoiled')
    const wanted = ana.text.versions()[0]
    expect(wanted?.text).toBe('heading\n\ngood **text**\n')
    ana.now += MINUTE
    const events = ana.text.restore(wanted?.id ?? '', ana.now)
    expect(events).toHaveLength(1)
    expect(ana.text.markdown()).toBe('heading\n\ngood **text**\n')
    ana.flush()
    expect(ana.text.versions()[0]?.text).toBe('heading\n\nspoiled\n')
    ana.pull(ben)
    ben.pull(ana)
    for (const text of [ana.text, ben.text, fresh([ana, ben])])
      expect(text.markdown()).toBe('my heading\n\ngood **text**\n')
    expect(ana.text.restore('no such', ana.now)).toEqual([])
  })
})
