import { CairnError } from '../../core/errors.ts'
import { toHex } from '../../core/bytes.ts'
import { fits } from '../../spaces/content/fields.ts'
import { newEntityId } from '../../spaces/content/ids.ts'
import type { Edit, Entity } from '../../spaces/content/model.ts'
import { SpacesError } from '../../spaces/errors.ts'
import type { FileChunks } from '../../spaces/files/chunks.ts'
import { missingChunks, openSealedFile } from '../../spaces/files/open.ts'
import { chunkIds, sealBlob } from '../../spaces/files/seal.ts'
import { parseSealedFile, type SealedFile } from '../../spaces/sealing/file.ts'
import type { SpaceSync } from '../../sync/spaces/model.ts'
import type { SpaceFileState } from '../space-model.ts'
import { fileName } from './file-name.ts'
import { previewOf } from './preview.ts'

/** Chunks of one file that are fetched at once. */
const AT_ONCE = 4

export interface SpaceFilesOptions {
  readonly space: string
  readonly chunks: FileChunks
  /** own person */
  person(): string
  readonly random: (length: number) => Uint8Array
  get(id: string): Entity<'file'> | undefined
  list(options?: { readonly hidden: boolean; readonly deleted: boolean }): readonly Entity<'file'>[]
  edit(edits: readonly Edit[]): Promise<void>
  /** undefined while there is no network */
  sync(): SpaceSync | undefined
  onChange(id: string): void
}

/** Files of one space as a person has them: put in, fetched, read. */
export interface SpaceFiles {
  add(file: Blob, name: string): Promise<string>
  replace(id: string, file: Blob): Promise<void>
  read(id: string): Promise<Blob>
  /** Resolves when it is all here, or when it was cancelled. Throws what the last try failed at. */
  fetch(id: string): Promise<void>
  cancel(id: string): void
  states(): Promise<SpaceFileState[]>
  /** Hands what is here on to stores that have come within reach. */
  pushAll(): Promise<void>
  /** Deletes what files left that were being put in when the page was closed: before any is, and by who may write. */
  sweep(): Promise<void>
  close(): void
}

interface Transfer {
  readonly control: AbortController
  readonly kind: 'sending' | 'receiving' | 'waiting'
  readonly ended: Promise<void>
}

/** A member may have written what is no description of a file. */
function parsed(sealed: Uint8Array | undefined): SealedFile | undefined {
  try {
    return sealed && parseSealedFile(sealed)
  } catch (error) {
    if (error instanceof SpacesError) return undefined
    throw error
  }
}

export function createSpaceFiles(options: SpaceFilesOptions): SpaceFiles {
  const { space, chunks, random, get, list, edit, sync, onChange } = options
  const over = new AbortController()
  const transfers = new Map<string, Transfer>()
  const failures = new Map<string, string>()

  const sealedOf = (id: string): SealedFile => {
    const sealed = get(id)?.fields.sealed
    if (sealed === undefined) throw new CairnError('spaces.no-file', { id })
    return parseSealedFile(sealed)
  }
  const running = (id: string, kind: Transfer['kind'], run: (signal: AbortSignal) => Promise<void>) => {
    const control = new AbortController()
    const mine: Transfer = { control, kind, ended: work(id, control, run, () => transfers.get(id) === mine) }
    transfers.set(id, mine)
    failures.delete(id)
    onChange(id)
    return mine.ended
  }
  const work = async (
    id: string,
    control: AbortController,
    run: (signal: AbortSignal) => Promise<void>,
    isLast: () => boolean,
  ): Promise<void> => {
    const { signal } = control
    const stop = (): void => control.abort()
    over.signal.addEventListener('abort', stop)
    if (over.signal.aborted) stop()
    try {
      // Not before it can be found, and cancelled.
      await Promise.resolve()
      await run(signal)
    } catch (error) {
      if (!signal.aborted) failures.set(id, error instanceof CairnError ? error.code : 'app.unexpected')
      throw error
    } finally {
      over.signal.removeEventListener('abort', stop)
      // Another may have begun with the same file.
      if (isLast()) transfers.delete(id)
      onChange(id)
    }
  }
  const seal = async (id: string, file: Blob, making: string, signal: AbortSignal): Promise<Uint8Array> => {
    try {
      return await sealBlob(file, chunks, {
        ...{ random, making },
        check: () => signal.throwIfAborted(),
        onChunk: () => onChange(id),
      })
    } catch (error) {
      // What cannot be deleted now is deleted when the space is opened again.
      await chunks.unmake(making).catch(() => {})
      throw error
    }
  }
  const put = async (id: string, file: Blob, name: string | undefined): Promise<void> => {
    await running(id, 'waiting', async (signal) => {
      const making = toHex(random(8))
      const sealed = await seal(id, file, making, signal)
      const preview = await previewOf(file)
      // A type that the browser does not know is none. What was so of the file before is not so of this one.
      const type = fits('file', 'type', file.type) ? file.type : undefined
      const unset = [...(type === undefined ? ['type'] : []), ...(preview === undefined ? ['preview'] : [])]
      await edit([
        {
          ...{ kind: 'file', id, unset },
          set: {
            ...{ size: file.size, sealed },
            ...(name === undefined ? {} : { name: fileName(name) }),
            ...(type === undefined ? {} : { type }),
            ...(preview === undefined ? {} : { preview }),
          },
        },
      ])
      await chunks.made(making).catch(() => {})
    })
    void push(id).catch(() => {})
  }
  const push = (id: string): Promise<void> => {
    const ids = chunkIds(sealedOf(id))
    return running(id, 'sending', async (signal) => sync()?.pushChunks(space, ids, signal))
  }

  return {
    async add(file, name) {
      const id = newEntityId('file', options.person(), random)
      await put(id, file, name)
      return id
    },
    replace: (id, file) => put(id, file, undefined),
    read: async (id) => openSealedFile(sealedOf(id), chunks, get(id)?.fields.type ?? ''),
    async fetch(id) {
      const before = transfers.get(id)
      // Whoever asks next is told the same, and not before it is so.
      if (before !== undefined) return before.kind === 'receiving' ? before.ended : undefined
      await running(id, 'receiving', async (signal) => {
        const missing = await missingChunks(sealedOf(id), chunks)
        if (missing.length === 0) return
        const from = sync()
        if (from === undefined) throw new CairnError('spaces.offline')
        const lanes = Array.from({ length: AT_ONCE }, async () => {
          for (let chunk = missing.shift(); chunk !== undefined; chunk = missing.shift()) {
            signal.throwIfAborted()
            await from.fetchChunk(space, chunk, signal)
            onChange(id)
          }
        })
        try {
          await Promise.all(lanes)
        } catch (error) {
          // The other lanes end with what they are at.
          missing.length = 0
          if (!signal.aborted) throw error
        }
      })
    },
    cancel: (id) => transfers.get(id)?.control.abort(),
    async states() {
      return Promise.all(
        list().map(async ({ id, fields }) => {
          const file = parsed(fields.sealed)
          const ids = file === undefined ? [] : chunkIds(file)
          const here = await chunks.has(ids)
          return {
            id,
            chunks: here.filter(Boolean).length,
            of: ids.length,
            transfer: transfers.get(id)?.kind ?? (failures.has(id) ? 'failed' : 'none'),
            error: failures.get(id),
          }
        }),
      )
    },
    async pushAll() {
      for (const { id, fields } of list()) {
        const file = parsed(fields.sealed)
        if (file === undefined || transfers.has(id) || over.signal.aborted) continue
        // Whoever has all of it can give it to a store.
        if ((await missingChunks(file, chunks)).length === 0) await push(id).catch(() => {})
      }
    },
    async sweep() {
      const makings = await chunks.makings()
      if (makings.length === 0) return
      const files = list({ hidden: true, deleted: true }).flatMap(({ fields }) => parsed(fields.sealed) ?? [])
      const used = new Set(files.flatMap(chunkIds))
      for (const making of makings) await chunks.unmake(making, used)
    },
    close: () => over.abort(),
  }
}
