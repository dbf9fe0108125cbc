import { atcuteImport } from './import-atcute.ts'
import { catchUpByBackup, catchUpByCar, catchUpByPack, keepBase } from './catchup.ts'
import { floorImport } from './import-floor.ts'
import { ourImport } from './import-ours.ts'
import { rowImport } from './import-rows.ts'
import { floorKeep, floorOpen, ourOpen, ourRecords } from './open.ts'
import type { TaskName, Tasks } from './protocol.ts'
import { keepSpace, ourSpace } from './spaces/open.ts'
import { floorSpace } from './spaces/open-floor.ts'
import { ourHour } from './spaces/hour.ts'
import { ourMerge } from './spaces/merge-ours.ts'
import { yjsMerge } from './spaces/merge-yjs.ts'
import { ourIndex, ourSearch, scanSearch } from './search.ts'
import { floorUpdates, ourUpdates } from './update.ts'

/** A task prepares (not measured) and gives back the work to be measured. */
export type Task<N extends TaskName> = (
  input: Tasks[N]['input'],
) => Promise<() => Promise<Tasks[N]['output']>>

const tasks: { readonly [N in TaskName]: Task<N> } = {
  floorImport,
  atcuteImport,
  rowImport,
  ourImport,
  floorKeep,
  floorOpen,
  ourOpen,
  ourRecords,
  ourUpdates,
  floorUpdates,
  ourIndex,
  ourSearch,
  scanSearch,
  keepBase,
  catchUpByCar,
  catchUpByBackup,
  catchUpByPack,
  keepSpace,
  ourSpace,
  floorSpace,
  ourMerge,
  yjsMerge,
  ourHour,
  // the largest of all libraries here: loaded by whoever measures it
  automergeMerge: async (input) => (await import('./spaces/merge-automerge.ts')).automergeMerge(input),
}

interface Request<N extends TaskName = TaskName> {
  readonly id: number
  readonly name: N
  readonly input: Tasks[N]['input']
}

async function answer<N extends TaskName>({ id, name, input }: Request<N>): Promise<void> {
  try {
    const work = await tasks[name](input)
    await prepared(id)
    const started = performance.now()
    const output = await work()
    postMessage({ id, ms: performance.now() - started, output })
  } catch (error) {
    postMessage({
      id,
      error: error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error),
    })
  }
}

/** Resolves when the page lets the measured part begin. */
function prepared(id: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  ready.set(id, resolve)
  postMessage({ id, prepared: true })
  return promise
}
const ready = new Map<number, () => void>()

addEventListener('message', ({ data }: MessageEvent<Request | { readonly go: number }>) => {
  if ('go' in data) ready.get(data.go)?.()
  else void answer(data)
})
