import { IndexeddbPersistence } from 'y-indexeddb'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import type { Member } from './protocol.ts'
import { noBare, textOf } from './protocol.ts'
import { createNoted, now, numberOf } from './seen.ts'
import { strictWrite, writeStrictly } from './strict.ts'

/** A rival: one Y.Map of paths to the text of records, as its authors have it synced and stored. */

const SHOWN = 50
const noted = createNoted()
const doc = new Y.Doc()
const records = doc.getMap<string>('records')
const open: { provider?: WebsocketProvider } = {}
let newest = 0
let shown: string[] = []

// It does not say when an update is stored. It opens a transaction of its own for each, at once.
const { transaction } = IDBDatabase.prototype
IDBDatabase.prototype.transaction = function begin(this: IDBDatabase, ...args) {
  const opened = transaction.apply(this, args)
  if (args[1] === 'readwrite') {
    const number = newest
    opened.addEventListener('complete', () => noted.durable(number, now()))
  }
  return opened
}
// before y-indexeddb listens, so that the edit has its number when it is stored
doc.on('update', () => {
  for (
    let next = records.get(`edit/${newest + 1}`);
    next !== undefined;
    next = records.get(`edit/${newest + 1}`)
  ) {
    newest++
    const text = next
    shown = [text, ...shown.slice(0, SHOWN - 1)]
  }
  if (numberOf(shown[0] ?? '') === newest) noted.draw(shown)
})

globalThis.member = {
  async start({ server, document, base, index, strict }) {
    if (strict) writeStrictly()
    const stored = new IndexeddbPersistence(document, doc)
    await stored.whenSynced
    const provider = new WebsocketProvider(server.replace('http', 'ws'), document, doc, { disableBc: true })
    open.provider = provider
    const synced = provider
    await new Promise<void>((resolve) => {
      synced.on('sync', (is: boolean) => {
        if (is) resolve()
      })
    })
    if (index === 0) {
      const all = (await (await fetch(base)).json()) as Record<string, string>
      doc.transact(() => {
        for (const [path, text] of Object.entries(all)) records.set(path, text)
      })
    }
    const wanted = Object.keys(await (await fetch(base)).json()).length
    while (records.size < wanted) await new Promise((resolve) => doc.once('update', resolve))
  },
  links: async () => (open.provider?.wsconnected === true ? 1 : 0),
  async edit(number) {
    const handedAt = now()
    records.set(`edit/${number}`, textOf(number))
    return { at: handedAt, handedAt }
  },
  seen: (number) => noted.seen(number),
  floor: strictWrite,
  ...noBare,
} satisfies Member
