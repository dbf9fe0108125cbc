import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { TAILS_A_LEVEL, TEXT_COLLECTION, TEXT_FIELD } from '../../spaces/text/limits.ts'
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
