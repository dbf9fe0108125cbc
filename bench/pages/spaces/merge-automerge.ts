import * as A from '@automerge/automerge'
import { type DocHandle, type Message, NetworkAdapter, type PeerId, Repo } from '@automerge/automerge-repo'
import { IndexedDBStorageAdapter } from '@automerge/automerge-repo-storage-indexeddb'
import type { Task } from '../worker.ts'
import { baseText, BLOCKS, dayOf, type Step, taskId, TASKS, taskTitle } from './day.ts'

/** A rival: the same note and tasks in one document, synced and stored by its authors' own repo. */

interface Day {
  blocks: { text: string }[]
  tasks: Record<string, { title: A.ImmutableString; done: boolean }>
}

/** Two repos in one worker: a message goes over as it is, in a task of its own, as a port would hand it over. */
class Wire extends NetworkAdapter {
  #other: Wire | undefined
  readonly #connected = Promise.withResolvers<void>()

  isReady = (): boolean => this.peerId !== undefined
  whenReady = (): Promise<void> => this.#connected.promise
  disconnect(): void {
    const gone = this.#other?.peerId
    this.#other = undefined
    if (gone !== undefined) this.emit('peer-disconnected', { peerId: gone })
  }
  connect(peerId: PeerId): void {
    this.peerId = peerId
    this.#connected.resolve()
  }
  send(message: Message): void {
    const other = this.#other
    const { port1, port2 } = new MessageChannel()
    port1.addEventListener('message', () => {
      port1.close()
      other?.emit('message', message)
    })
    port1.start()
    port2.postMessage(undefined)
  }
  link(other: Wire): void {
    this.#other = other
    if (other.peerId !== undefined) this.emit('peer-candidate', { peerId: other.peerId, peerMetadata: {} })
  }
}

export const automergeMerge: Task<'automergeMerge'> = async ({ textEdits, fieldEdits }) => {
  const wires = [new Wire(), new Wire()] as const
  const repos = await Promise.all(
    wires.map(async (wire, index) => {
      const repo = new Repo({
        network: [wire],
        storage: new IndexedDBStorageAdapter(`automerge-${index}`),
        peerId: `side-${index}` as PeerId, // any text is one
      })
      await repo.networkSubsystem.whenReady()
      return repo
    }),
  )
  const [one, two] = repos
  if (one === undefined || two === undefined) throw new Error('there are two')
  const link = (): void => {
    wires[0].link(wires[1])
    wires[1].link(wires[0])
  }
  const first = one.create<Day>({
    blocks: Array.from({ length: BLOCKS }, (_, block) => ({ text: baseText(block) })),
    tasks: Object.fromEntries(
      Array.from({ length: TASKS }, (_, task) => [
        taskId(task),
        { title: new A.ImmutableString(taskTitle(task)), done: false },
      ]),
    ),
  })
  link()
  const second = await two.find<Day>(first.documentId)
  const sides = [first, second] as const
  await inStep(sides)
  for (const wire of wires) wire.disconnect()
  let steps = 0
  for (const [index, handle] of sides.entries())
    for (const step of dayOf(index, textEdits / 2, fieldEdits / 2)) {
      doStep(handle, step)
      steps++
    }
  await Promise.all(repos.map((repo) => repo.flush()))
  return async () => {
    link()
    await inStep(sides)
    await Promise.all(repos.map((repo) => repo.flush()))
    const texts = sides.map((handle) =>
      handle
        .doc()
        .blocks.map(({ text }) => text)
        .join('\n'),
    )
    if (texts[0] !== texts[1]) throw new Error('they are not in step')
    return { steps, characters: texts[0]?.length ?? 0 }
  }
}

/** Resolves when both have the same heads. */
async function inStep(sides: readonly [DocHandle<Day>, DocHandle<Day>]): Promise<void> {
  const [one, two] = sides
  const isSame = (): boolean => String(one.heads()) === String(two.heads())
  while (!isSame())
    await new Promise<void>((resolve) => {
      for (const handle of sides) handle.once('heads-changed', () => resolve())
    })
}

/** A step is one change, which is the least that it can be. */
function doStep(handle: DocHandle<Day>, step: Step): void {
  handle.change((doc) => {
    if (step.kind === 'text') {
      for (const { block, at, text, erase } of step.edits)
        A.splice(doc, ['blocks', block, 'text'], at, erase, text)
      return
    }
    const { task, field, value } = step.edit
    const it = doc.tasks[taskId(task)]
    if (it === undefined) throw new Error(`no task ${task}`)
    if (field === 'done') it.done = value === true
    else it.title = new A.ImmutableString(String(value))
  })
}
