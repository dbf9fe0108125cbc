import { atcuteImport } from './import-atcute.ts'
import { catchUpByCar, catchUpByPack, keepBase } from './catchup.ts'
import { floorImport } from './import-floor.ts'
import { ourImport } from './import-ours.ts'
import { rowImport } from './import-rows.ts'
import { floorKeep, floorOpen, ourOpen, ourRecords } from './open.ts'
import type { TaskName, Tasks } from './protocol.ts'
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
  catchUpByPack,
}

interface Request<N extends TaskName = TaskName> {
  readonly id: number
  readonly name: N
  readonly input: Tasks[N]['input']
}

async function answer<N extends TaskName>({ id, name, input }: Request<N>): Promise<void> {
  try {
    const work = await tasks[name](input)
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

addEventListener('message', (event: MessageEvent<Request>) => void answer(event.data))
