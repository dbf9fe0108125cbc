import { CairnError } from '../../core/errors.ts'
import { beginMove, type MoveInput } from './begin.ts'
import type { MovingHost } from './context.ts'
import { MovingError } from './errors.ts'
import { type Given, moveKey, type MoveRow } from './model.ts'
import { moveRow, runMove, type RunProgress } from './run.ts'

/** The moves of this device: one an account, each at work in one tab at a time. */
export interface Mover {
  get(
    did: string,
  ): Promise<
    { readonly row: MoveRow; readonly running: boolean; readonly at: RunProgress | undefined } | undefined
  >
  list(): Promise<readonly MoveRow[]>
  /** See {@link beginMove}. */
  begin(input: MoveInput): Promise<MoveRow>
  /**
   * Goes on with a move, in the background. What is given is held in memory until the move has ended.
   *
   * @throws MovingError `moving.none`, `moving.busy`
   */
  go(did: string, given: Given): Promise<void>
  /** Stops what runs here; it can go on later. */
  stop(did: string): Promise<void>
  /** Lets blobs that nobody has stay behind. Throws MovingError `moving.none`, `moving.busy` while it runs. */
  withoutBlobs(did: string): Promise<void>
  /** Forgets a move. What it has done at servers stays done. Throws MovingError `moving.busy` while it runs. */
  forget(did: string): Promise<void>
  close(): Promise<void>
}

interface Run {
  readonly controller: AbortController
  ended: Promise<void>
  at: RunProgress | undefined
}

export function createMover(parts: MovingHost): Mover {
  const { store, changed } = parts
  const runs = new Map<string, Run>()
  const gifts = new Map<string, Given>()

  const stop = async (did: string): Promise<void> => {
    runs.get(did)?.controller.abort()
    await runs.get(did)?.ended
  }
  /** While nobody is at it, in any tab: one that runs would write its own row over what is written here. */
  const atRest = (did: string, work: () => Promise<void>): Promise<void> =>
    parts.host.storage.lock(moveKey(did), { mode: 'exclusive', ifAvailable: true }, async (held) => {
      if (!held) throw new MovingError('moving.busy', { did })
      await work()
      changed(did)
    })

  return {
    async get(did) {
      const row = await moveRow(parts, did)
      return row === undefined ? undefined : { row, running: runs.has(did), at: runs.get(did)?.at }
    },
    // only our own rows begin so
    list: async () => (await store.list('move/')).map(({ value }) => value as MoveRow),
    begin: (input) => beginMove(parts, input),
    async go(did, given) {
      if (runs.has(did)) throw new MovingError('moving.busy', { did })
      if ((await moveRow(parts, did)) === undefined) throw new MovingError('moving.none', { did })
      const held = { ...gifts.get(did), ...given }
      gifts.set(did, held)
      const controller = new AbortController()
      const run: Run = { controller, ended: Promise.resolve(), at: undefined }
      runs.set(did, run)
      const begun = Promise.withResolvers<void>()
      const work = runMove(parts, did, held, controller.signal, (at) => {
        run.at = at
        begun.resolve()
        changed(did)
      })
      run.ended = work
        .then(
          async () => {
            if ((await moveRow(parts, did))?.endedAt !== undefined) gifts.delete(did)
            begun.resolve()
          },
          (error: unknown) => {
            // told to whoever has asked, or, once it is under way, in the row of its step
            if (error instanceof CairnError && error.code !== 'sync.cancelled') begun.reject(error)
            else begun.resolve()
          },
        )
        // the storage may be lost: whoever uses it next is told so
        .catch(() => begun.resolve())
        .finally(() => {
          runs.delete(did)
          changed(did)
        })
      await begun.promise
    },
    stop,
    withoutBlobs: (did) =>
      atRest(did, async () => {
        const row = await moveRow(parts, did)
        if (row === undefined) throw new MovingError('moving.none', { did })
        await store.write([{ key: moveKey(did), value: { ...row, withoutBlobs: true } satisfies MoveRow }])
      }),
    forget: (did) =>
      atRest(did, async () => {
        await store.write([{ key: moveKey(did), value: undefined }])
        gifts.delete(did)
      }),
    async close() {
      await Promise.all([...runs.keys()].map(stop))
      gifts.clear()
    },
  }
}
