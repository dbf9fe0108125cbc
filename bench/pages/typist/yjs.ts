import { WebsocketProvider } from 'y-websocket'
import { openNote } from './note.ts'
import type { Typist } from './protocol.ts'

/** A rival: the same document, as the authors of Yjs have it synced. Nothing is stored, sealed or signed. */

const open: { provider?: WebsocketProvider } = {}
const note = openNote({
  onCursor: () => open.provider?.awareness.setLocalStateField('cursor', { at: [...note.cursor()] }),
})

globalThis.typist = {
  async start({ server }) {
    const provider = new WebsocketProvider(server.replace('http', 'ws'), 'note', note.doc, {
      disableBc: true,
    })
    open.provider = provider
    await new Promise<void>((resolve) => {
      provider.on('sync', (is: boolean) => {
        if (is) resolve()
      })
    })
  },
  invite: async () => 'come',
  isTogether: async () => (open.provider?.awareness.getStates().size ?? 0) > 1,
  type: note.type,
  seen: note.seen,
} satisfies Typist
