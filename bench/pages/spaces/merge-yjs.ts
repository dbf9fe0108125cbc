import { IndexeddbPersistence } from 'y-indexeddb'
import * as Y from 'yjs'
import type { Task } from '../worker.ts'
import { dayOf, type Step, taskId, TASKS, taskTitle } from './day.ts'
import { applyText, textOf, writeBase } from './note-doc.ts'

/** A rival: the same note and tasks in one document each side, stored by its authors' own adapter. */

/** It does not say when an update is stored. It opens a transaction of its own for each, at once. */
function watchWrites(): { idle(): Promise<void> } {
  const { transaction } = IDBDatabase.prototype
  let open = 0
  let told = (): void => {}
  IDBDatabase.prototype.transaction = function begin(this: IDBDatabase, ...args) {
    const opened = transaction.apply(this, args)
    if (args[1] === 'readwrite') {
      open++
      opened.addEventListener('complete', () => {
        if (--open === 0) told()
      })
    }
    return opened
  }
  return {
    async idle() {
      while (open > 0) await new Promise<void>((resolve) => (told = resolve))
    },
  }
}

export const yjsMerge: Task<'yjsMerge'> = async ({ textEdits, fieldEdits }) => {
  const writes = watchWrites()
  const sides = await Promise.all(
    ['one', 'other'].map(async (name) => {
      const doc = new Y.Doc()
      const stored = new IndexeddbPersistence(`yjs-${name}`, doc)
      await stored.whenSynced
      return { doc, flushes: [] as Uint8Array[] }
    }),
  )
  const [one, two] = sides
  if (one === undefined || two === undefined) throw new Error('there are two')
  writeBase(one.doc)
  one.doc.transact(() => {
    for (let task = 0; task < TASKS; task++) {
      const fields = new Y.Map<string | boolean>([
        ['title', taskTitle(task)],
        ['done', false],
      ])
      tasksOf(one.doc).set(taskId(task), fields)
    }
  })
  Y.applyUpdate(two.doc, Y.encodeStateAsUpdate(one.doc))
  let steps = 0
  for (const [index, side] of sides.entries())
    for (const step of dayOf(index, textEdits / 2, fieldEdits / 2)) {
      side.flushes.push(doStep(side.doc, step))
      steps++
    }
  await writes.idle()
  return async () => {
    for (const update of one.flushes) Y.applyUpdate(two.doc, update)
    for (const update of two.flushes) Y.applyUpdate(one.doc, update)
    await writes.idle()
    const [texts, lists] = [
      sides.map(({ doc }) => textOf(doc)),
      sides.map(({ doc }) => Object.entries(tasksOf(doc).toJSON()).map((it) => JSON.stringify(it))),
    ]
    const isSame = texts[0] === texts[1] && String(lists[0]?.sort()) === String(lists[1]?.sort())
    if (!isSame) throw new Error('they are not in step')
    return { steps, characters: texts[0]?.length ?? 0 }
  }
}

const tasksOf = (doc: Y.Doc): Y.Map<Y.Map<string | boolean>> => doc.getMap('tasks')

/** Each key is a transaction, as an editor makes it; those of a step are stored, and sent, as one update. */
function doStep(doc: Y.Doc, step: Step): Uint8Array {
  const made: Uint8Array[] = []
  const listen = (update: Uint8Array): void => void made.push(update)
  doc.on('update', listen)
  if (step.kind === 'text') for (const edit of step.edits) applyText(doc, edit)
  else tasksOf(doc).get(taskId(step.edit.task))?.set(step.edit.field, step.edit.value)
  doc.off('update', listen)
  return Y.mergeUpdates(made)
}
