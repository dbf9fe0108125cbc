import { type DocHandle, ImmutableString, Repo, type DocumentId } from '@automerge/automerge-repo'
import { WebSocketClientAdapter } from '@automerge/automerge-repo-network-websocket'
import { IndexedDBStorageAdapter } from '@automerge/automerge-repo-storage-indexeddb'
import { noBare, textOf, type Member } from './protocol.ts'
import { createNoted, now, numberOf } from './seen.ts'
import { strictWrite, writeStrictly } from './strict.ts'

/** A rival: one document of paths to the text of records, as its authors have it synced and stored. */

const SHOWN = 50
const noted = createNoted()

interface Records {
  records: Record<string, ImmutableString>
}

/** Its own adapter, which resolves when a transaction is complete; the document's part is told from sync states. */
class Telling extends IndexedDBStorageAdapter {
  override async save(key: string[], binary: Uint8Array): Promise<void> {
    const number = newest
    await super.save(key, binary)
    if (key[1] === 'incremental' || key[1] === 'snapshot') noted.durable(number, now())
  }
}

let newest = 0
let shown: string[] = []
const open: { handle?: DocHandle<Records> } = {}
let connected = false

function look(doc: Records): void {
  for (
    let next = doc.records[`edit/${newest + 1}`];
    next !== undefined;
    next = doc.records[`edit/${newest + 1}`]
  ) {
    newest++
    shown = [String(next), ...shown.slice(0, SHOWN - 1)]
  }
  if (numberOf(shown[0] ?? '') === newest) noted.draw(shown)
}

globalThis.member = {
  async start({ server, base, document, strict }) {
    if (strict) writeStrictly()
    const socket = new WebSocketClientAdapter(server.replace('http', 'ws'))
    socket.on('peer-candidate', () => (connected = true))
    const repo = new Repo({ network: [socket], storage: new Telling() })
    await repo.networkSubsystem.whenReady()
    const all = (await (await fetch(base)).json()) as Record<string, string>
    const handle = await repo.find<Records>(document as DocumentId)
    open.handle = handle
    await handle.whenReady()
    handle.on('change', ({ doc }) => look(doc))
    const wanted = Object.keys(all).length
    const size = (): number => Object.keys(handle.doc().records).length
    while (size() < wanted) await new Promise((resolve) => handle.once('change', resolve))
  },
  links: async () => (connected ? 1 : 0),
  async edit(number) {
    const handedAt = now()
    open.handle?.change((doc) => {
      doc.records[`edit/${number}`] = new ImmutableString(textOf(number))
    })
    return { at: handedAt, handedAt }
  },
  seen: (number) => noted.seen(number),
  floor: strictWrite,
  ...noBare,
} satisfies Member
