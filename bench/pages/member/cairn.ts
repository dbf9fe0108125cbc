import type { Cairn } from '../../../src/cairn/api.ts'
import { pageNodes } from '../../../src/cairn/network/browser-node.ts'
import { servePageNode } from '../../../src/cairn/network/page-node.ts'
import { connectCairn } from '../../../src/cairn/remote.ts'
import type { Member, StartMember } from './protocol.ts'
import { createNoted, now } from './seen.ts'
import { strictWrite } from './strict.ts'
import type { BareAsked, BareNoted } from './cairn-worker.ts'

/** The page of a device: its node runs here and its engine in a worker, as in the app. */

const COLLECTION = 'app.bsky.feed.post'
const SHOWN = 50

const timers = {
  after(ms: number, run: () => void) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}
const host = { timers, clock: { now: () => Date.now() }, random: () => Math.random() }
const noted = createNoted()
/** What the worker says of each rev. */
interface Stored {
  readonly rev: string
  readonly at: number
  readonly bytes: number
}
const stored = new Map<string, Stored>()
const revs = new Map<number, string>()
const waiting = new Map<string, number>()
/** When messages with no edit in them were sent or stored, by what and number. */
const bares = new Map<string, PromiseWithResolvers<number>>()
const bareOf = (what: BareNoted['what'], number: number): PromiseWithResolvers<number> => {
  const key = `${what} ${number}`
  const entry = bares.get(key) ?? Promise.withResolvers<number>()
  bares.set(key, entry)
  return entry
}
let notesTo: MessagePort | undefined
let engine: Cairn | undefined
let input: StartMember | undefined

const started = (): { readonly cairn: Cairn; readonly did: string; readonly pds: string } => {
  if (engine === undefined || input === undefined) throw new Error('the member was not started')
  return { cairn: engine, did: input.did, pds: input.pds }
}

/** An edit is known by its number to the bench, and by the rev of its commit to us. */
async function revOf(number: number): Promise<string> {
  const known = revs.get(number)
  if (known !== undefined) return known
  const rev = await (await fetch(`${started().pds}/bench/rev/${number}`)).text()
  revs.set(number, rev)
  return rev
}

/** What the screen of a collection does when it hears that a repo changed. */
async function redraw(): Promise<void> {
  const { cairn, did } = started()
  const { items } = await cairn.library.records({ did, collection: COLLECTION, offset: 0, limit: SHOWN })
  noted.draw(items.map(({ value }) => String((value as { text?: unknown }).text)))
}

async function backUp(): Promise<void> {
  const { cairn, did } = started()
  const ended = Promise.withResolvers<void>()
  const before = new Map<string, string>()
  let id: string | undefined
  const look = (): void => {
    const state = id === undefined ? undefined : before.get(id)
    if (state === 'done') ended.resolve()
    if (state === 'failed' || state === 'cancelled') ended.reject(new Error(`the backup ${state}`))
  }
  const stop = cairn.subscribe((event) => {
    if (event.type !== 'job') return
    before.set(event.job.id, event.job.state)
    look()
  })
  try {
    ;({ id } = await cairn.library.backup(did))
    look()
    await ended.promise
  } finally {
    stop()
  }
}

globalThis.member = {
  async start(given) {
    input = given
    const worker = new Worker('/member/cairn-worker.js', { type: 'module' })
    const node = new MessageChannel()
    const notes = new MessageChannel()
    notes.port1.addEventListener('message', ({ data }: MessageEvent<Stored | BareNoted>) => {
      if ('bare' in data) return bareOf(data.what, data.bare).resolve(data.at)
      stored.set(data.rev, data)
      const number = waiting.get(data.rev)
      if (number !== undefined) noted.durable(number, data.at, data.bytes)
    })
    notes.port1.start()
    notesTo = notes.port1
    worker.postMessage({ type: 'member', server: given.server }, [node.port2, notes.port2])
    servePageNode(node.port1, pageNodes(host), timers)
    engine = connectCairn(worker, () => console.error('the engine was lost'))
    const { pds: plc } = given
    await engine.device.setSettings({
      endpoints: { plc, doh: '', resolver: '', allowLocal: true },
      blobs: false,
    })
    await engine.network.setSettings({ stun: [], relayOnly: given.relayOnly })
    await backUp()
    engine.subscribe((event) => {
      if (event.type === 'repo' && event.did === given.did) void redraw().catch(() => {})
    })
    await redraw()
  },
  links: async () => (await started().cairn.network.status()).peers.length,
  async edit(number) {
    const rev = await revOf(number)
    const handedAt = now()
    await backUp()
    const at = stored.get(rev)?.at
    if (at === undefined) throw new Error(`the edit ${number} is not here`)
    return { at, handedAt }
  },
  async seen(number) {
    const rev = await revOf(number)
    waiting.set(rev, number)
    const before = stored.get(rev)
    if (before !== undefined) noted.durable(number, before.at, before.bytes)
    return noted.seen(number)
  },
  floor: strictWrite,
  bare({ number, bytes }) {
    notesTo?.postMessage({ bare: number, bytes } satisfies BareAsked)
    return bareOf('sent', number).promise
  },
  bareSeen: (number) => bareOf('stored', number).promise,
} satisfies Member
