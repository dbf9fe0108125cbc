import * as Y from 'yjs'
import { createSpaceNotes, type SpaceNotes } from '../../../src/cairn/spaces/notes.ts'
import type { VaultHost } from '../../../src/spaces/vault/host.ts'
import type { Vault } from '../../../src/spaces/vault/model.ts'
import { type Step, taskId, TASKS, taskTitle } from './day.ts'
import { random } from './host.ts'
import { applyText, writeBase } from './note-doc.ts'

const NOTE = 'plan'
const AT_ONCE = 50

/** A device at work: a vault of its own, and the note as an editor of the app has it open. */
export interface Side {
  readonly host: VaultHost
  readonly vault: Vault
  readonly notes: SpaceNotes
  readonly doc: Y.Doc
  /** of the script, ms */
  readonly clock: { at: number }
  /** bytes of the updates that the editor made */
  readonly made: { bytes: number }
}

/** Notes as an opened space has them; when to flush is said by the script. */
export async function sideOf(host: VaultHost, vault: Vault): Promise<Side> {
  const hear: { doc?: Y.Doc } = {}
  const clock = { at: 0 }
  const began = Date.now()
  const notes = createSpaceNotes({
    ...{ vault, random },
    now: () => began + clock.at,
    timers: { after: () => () => {} },
    say: async () => {},
    onUpdate(_note, { update, reset }) {
      if (reset) throw new Error('the note began anew')
      if (hear.doc !== undefined) Y.applyUpdate(hear.doc, update, 'elsewhere')
    },
    onFailure: (error) => console.error(error),
  })
  const { state, client } = await notes.open(NOTE)
  const doc = new Y.Doc()
  doc.clientID = client
  Y.applyUpdate(doc, state, 'elsewhere')
  hear.doc = doc
  return { host, vault, notes, doc, clock, made: { bytes: 0 } }
}

/** Does one step; durable as far as the storage is. */
export async function doStep(side: Side, step: Step): Promise<void> {
  const { vault, notes, doc, clock } = side
  clock.at = step.at
  if (step.kind === 'field') {
    const { task, field, value } = step.edit
    await vault.edit([{ kind: 'task', id: taskId(task), set: { [field]: value } }])
    return
  }
  for (const edit of step.edits) await typed(side, () => applyText(doc, edit))
  await notes.flush(NOTE)
}

/** What an editor tells of what was typed. */
async function typed({ notes, doc, made: all }: Side, change: () => void): Promise<void> {
  const made: Uint8Array[] = []
  const listen = (update: Uint8Array): void => void made.push(update)
  doc.on('update', listen)
  change()
  doc.off('update', listen)
  for (const update of made) {
    all.bytes += update.length
    await notes.typed(NOTE, update)
  }
}

/** What both know before they part: the tasks and the note. */
export async function writeAll(side: Side): Promise<void> {
  const { vault, notes, doc } = side
  for (let at = 0; at < TASKS; at += AT_ONCE)
    await vault.edit(
      Array.from({ length: AT_ONCE }, (_, i) => ({
        ...{ kind: 'task' as const, id: taskId(at + i) },
        set: { title: taskTitle(at + i), done: false },
      })),
    )
  await vault.edit([{ kind: 'note', id: NOTE, set: { title: 'Plan' } }])
  await typed(side, () => writeBase(doc))
  await notes.flush(NOTE)
}
