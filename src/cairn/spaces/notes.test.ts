import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { TAILS_A_LEVEL, TEXT_COLLECTION, TEXT_FIELD } from '../../spaces/text/limits.ts'
import type { TypedText } from '../../spaces/text/note-text.ts'
import type { Vault } from '../../spaces/vault/model.ts'
import { give, link, meet, withWorld } from '../../spaces/vault/testing/kit.ts'
import { createSpaceNotes } from './notes.ts'

const NOTE = 'plan'
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))

/** A note as an editor has it open on a vault; it is stored when that is asked for. */
async function editorOn(vault: Vault) {
  const news: boolean[] = []
  const taken: Promise<void>[] = []
  const doc = new Y.Doc()
  const notes = createSpaceNotes({
    ...{ vault, random },
    now: () => Date.now(),
    timers: { after: () => () => {} },
    say: async () => {},
    onUpdate(_note, { update, reset }) {
      news.push(reset)
      Y.applyUpdate(doc, update, 'elsewhere')
    },
    onFailure: (error) => expect.fail(String(error)),
  })
  const stop = vault.onChange((change) => void taken.push(notes.changed(change)))
  const { state, client } = await notes.open(NOTE)
  doc.clientID = client
  Y.applyUpdate(doc, state, 'elsewhere')
  return {
    news,
    text: () => doc.getXmlFragment(TEXT_FIELD).toJSON(),
    settled: () => Promise.all(taken),
    /** Types it at the end, and stores it. */
    async type(text: string) {
      const before = Y.encodeStateVector(doc)
      doc.transact(() => {
        const first = doc.getXmlFragment(TEXT_FIELD).toArray()[0]
        const inside = first instanceof Y.XmlElement ? first.get(0) : undefined
        if (inside instanceof Y.XmlText) {
          inside.insert(inside.length, text)
          return
        }
        const paragraph = new Y.XmlElement('paragraph')
        paragraph.insert(0, [new Y.XmlText(text)])
        doc.getXmlFragment(TEXT_FIELD).insert(0, [paragraph])
      })
      await notes.typed(NOTE, Y.encodeStateAsUpdate(doc, before))
      await notes.flush(NOTE)
    },
    async close() {
      stop()
      await notes.close()
      doc.destroy()
    },
  }
}

/** Notes of a vault that store nothing by themselves, as of a context that is about to end. */
const notesOn = (vault: Vault) =>
  createSpaceNotes({
    ...{ vault, random },
    now: () => Date.now(),
    timers: { after: () => () => {} },
    say: async () => {},
    onUpdate: () => {},
    onFailure: (error) => expect.fail(String(error)),
  })

/** One vault on two devices of two people. */
const withTwo = (use: (a: Vault, b: Vault) => Promise<void>): Promise<void> =>
  withWorld(async (world) => {
    const [anna, bela] = [await world.profile('Anna'), await world.profile('Béla')]
    const a = await anna.found()
    const b = await bela.join(await a.links.make(link()))
    await meet(a, b)
    await use(a, b)
  })

it('what another device typed for a while comes into an open editor, which need not begin anew', () =>
  withTwo(async (a, b) => {
    const writer = await editorOn(a)
    await writer.type('It')
    await meet(a, b)
    const reader = await editorOn(b)
    expect(reader.text()).toBe(writer.text())
    // more often than one level of small records holds: their text moves from record to record
    for (let i = 0; i < 20; i++) await writer.type(` ${i}`)
    await give(a, b)
    await reader.settled()
    expect(reader.text()).toBe(writer.text())
    expect(reader.news).toEqual([false])
    await writer.close()
    await reader.close()
  }))

it('what was read is not put over what was read after it, however late it comes', () =>
  withTwo(async (a, b) => {
    const writer = await editorOn(a)
    await writer.type('It')
    await meet(a, b)
    // This reading empties the small records of a level, and the next is of one that is used again.
    const late = TAILS_A_LEVEL - 1
    const hasRead = Promise.withResolvers<void>()
    const mayCome = Promise.withResolvers<void>()
    let readings = 0
    const slow: Vault = {
      ...b,
      async read(places) {
        const isLate = readings++ === late
        const values = await b.read(places)
        if (isLate) {
          hasRead.resolve()
          await mayCome.promise
        }
        return values
      },
    }
    const reader = await editorOn(slow)
    for (let i = 0; i <= late; i++) {
      if (i > 0) await reader.settled()
      await writer.type(` ${i}`)
      await give(a, b)
    }
    await hasRead.promise
    await writer.type(' and the next')
    await give(a, b)
    // long enough for another reading to be done, were it begun
    for (let i = 0; i < 3; i++) await b.list(TEXT_COLLECTION, NOTE)
    mayCome.resolve()
    await reader.settled()
    expect(reader.text()).toBe(writer.text())
    expect(reader.news).not.toContain(true)
    await writer.close()
    await reader.close()
  }))

it('what goes on to another record before it was read is not taken for gone', () =>
  withTwo(async (a, b) => {
    const writer = await editorOn(a)
    let isLate = false
    const mayRead = Promise.withResolvers<void>()
    const slow: Vault = {
      ...b,
      async read(places) {
        if (isLate) await mayRead.promise
        return b.read(places)
      },
    }
    const reader = await editorOn(slow)
    for (let i = 0; i < TAILS_A_LEVEL; i++) {
      await writer.type(` ${i}`)
      await give(a, b)
      await reader.settled()
    }
    // A whole level of small records becomes one of the next, and that, as the note is left, part of the base.
    isLate = true
    await writer.type(' and the next')
    await give(a, b)
    const written = writer.text()
    await writer.close()
    await give(a, b)
    mayRead.resolve()
    await reader.settled()
    expect(reader.text()).toBe(written)
    expect(reader.news).not.toContain(true)
    await reader.close()
  }))

it('what an editor was heard to type and nobody stored is stored by the context that leads next', () =>
  withTwo(async (a, b) => {
    const first = notesOn(a)
    const { client, salt } = await first.open(NOTE)
    const doc = new Y.Doc()
    doc.clientID = client
    const typed: TypedText[] = []
    doc.on('update', (update: Uint8Array) => typed.push({ update, salt }))
    const run = new Y.XmlText()
    const paragraph = new Y.XmlElement('paragraph')
    doc.transact(() => {
      paragraph.insert(0, [run])
      doc.getXmlFragment(TEXT_FIELD).insert(0, [paragraph])
    })
    run.insert(0, 'heard')
    for (const { update } of typed) await first.typed(NOTE, update, salt)
    // It ends here, with what it had in memory. Another has the lead, and the same editor goes on.
    const next = notesOn(a)
    run.insert(5, ' and on')
    await next.typed(NOTE, typed.at(-1)?.update ?? new Uint8Array(), salt)
    await next.flush(NOTE, typed)
    await meet(a, b)
    expect(await notesOn(b).markdown(NOTE)).toBe('heard and on\n')
    // also when nothing more is typed
    run.insert(12, ' and end')
    const last = notesOn(a)
    await last.flush(NOTE, typed)
    await meet(a, b)
    expect(await notesOn(b).markdown(NOTE)).toBe('heard and on and end\n')
  }))

it('what was typed is stored before a device becomes another, and not under the name of that one', () =>
  withTwo(async (a, b) => {
    let isOther = false
    const vault: Vault = { ...a, device: () => (isOther ? b : a).device() }
    const typeIn = async (notes: ReturnType<typeof notesOn>, words: string): Promise<void> => {
      const { client, salt } = await notes.open(NOTE)
      const doc = new Y.Doc()
      doc.clientID = client
      const paragraph = new Y.XmlElement('paragraph')
      paragraph.insert(0, [new Y.XmlText(words)])
      doc.getXmlFragment(TEXT_FIELD).insert(0, [paragraph])
      await notes.typed(NOTE, Y.encodeStateAsUpdate(doc), salt)
    }
    const [before, late] = [notesOn(vault), notesOn(vault)]
    await typeIn(before, 'in time')
    await typeIn(late, 'too late')
    await before.flushAll()
    isOther = true
    await late.flush(NOTE)
    expect(await notesOn(a).markdown(NOTE)).toBe('in time\n')
    await late.close()
    expect(await a.list(TEXT_COLLECTION, NOTE)).toHaveLength(1)
  }))

it('a note of an id that has no text keeps no other from being found', () =>
  withTwo(async (a) => {
    const writer = await editorOn(a)
    await writer.type('plums')
    await a.edit([
      { kind: 'note', id: 'a.b:c', set: { title: 'x' } },
      { kind: 'note', id: NOTE, set: { title: 'y' } },
    ])
    const notes = notesOn(a)
    await notes.readTexts(a.content.list('note').map(({ id }) => id))
    expect(notes.text(NOTE)).toBe('plums')
    await writer.close()
  }))
