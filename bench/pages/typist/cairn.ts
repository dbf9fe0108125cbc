import type { Cairn } from '../../../src/cairn/api.ts'
import { pageNodes } from '../../../src/cairn/network/browser-node.ts'
import { servePageNode } from '../../../src/cairn/network/page-node.ts'
import { connectCairn } from '../../../src/cairn/remote.ts'
import { openNote, type OpenNote } from './note.ts'
import type { Typist } from './protocol.ts'

/** The page of a device: its node runs here and its engine in a worker, as in the app. */

const NOTE = 'shopping'
const timers = {
  after(ms: number, run: () => void) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}
const host = { timers, clock: { now: () => Date.now() }, random: () => Math.random() }

interface Started {
  readonly cairn: Cairn
  readonly space: string
  readonly note: OpenNote
}
let opened: Started | undefined
const started = (): Started => {
  if (opened === undefined) throw new Error('the page was not started')
  return opened
}

function startEngine(server: string): Cairn {
  const worker = new Worker('/member/cairn-worker.js', { type: 'module' })
  const node = new MessageChannel()
  const notes = new MessageChannel()
  worker.postMessage({ type: 'member', server }, [node.port2, notes.port2])
  servePageNode(node.port1, pageNodes(host), timers)
  return connectCairn(worker, () => console.error('the engine was lost'))
}

/** As the app does when a person types: what fails is told. */
const told = (work: Promise<unknown>): void => void work.catch((error: unknown) => console.error(error))

globalThis.typist = {
  async start({ server, invitation }) {
    const cairn = startEngine(server)
    await cairn.device.setSettings({ endpoints: { plc: '', doh: '', resolver: '', allowLocal: true } })
    await cairn.network.setSettings({ stun: [], relayOnly: true })
    const { space } =
      invitation === ''
        ? await cairn.spaces.create({ title: 'Garden', name: 'Anna' })
        : await cairn.spaces.join(invitation, { name: 'Bela' })
    if (invitation === '')
      await cairn.spaces.edit(space, [{ kind: 'note', id: NOTE, set: { title: 'Shopping' } }])
    const heard: Uint8Array[] = []
    let hear = (update: Uint8Array): void => void heard.push(update)
    cairn.subscribe((event) => {
      if (event.type === 'space-note' && event.space === space && event.id === NOTE) hear(event.update)
    })
    const where = `note/${NOTE}`
    const note = openNote({
      ...(await cairn.spaces.note(space, NOTE)),
      onTyped: (update) => told(cairn.spaces.typeNote(space, NOTE, update)),
      onCursor() {
        const at = note.cursor()
        told(cairn.spaces.setPresence(space, { where, typing: true, cursor: { anchor: at, head: at } }))
      },
    })
    for (const update of heard) note.hear(update)
    hear = note.hear
    await cairn.spaces.setPresence(space, { where })
    opened = { cairn, space, note }
  },
  async invite() {
    const { cairn, space } = started()
    for (;;) {
      const { url, atRelay } = await cairn.spaces.makeLink(space, {
        ...{ kind: 'editor', expiresIn: undefined, uses: 4 },
      })
      if (atRelay && url !== undefined) return url
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  },
  async isTogether() {
    const { cairn, space } = started()
    return (await cairn.spaces.presence(space)).length > 0
  },
  type: (input) => started().note.type(input),
  seen: (count) => started().note.seen(count),
} satisfies Typist
