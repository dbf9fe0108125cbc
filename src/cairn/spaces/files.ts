import { CairnError } from '../../core/errors.ts'
import { newEntityId } from '../../spaces/content/ids.ts'
import type { Edit, Entity } from '../../spaces/content/model.ts'
import type { FileChunks } from '../../spaces/files/chunks.ts'
import { missingChunks, openSealedFile } from '../../spaces/files/open.ts'
import { chunkIds, sealBlob } from '../../spaces/files/seal.ts'
import { parseSealedFile, type SealedFile } from '../../spaces/sealing/file.ts'
import type { SpaceSync } from '../../sync/spaces/model.ts'
import type { SpaceFileState } from '../space-model.ts'
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
  list(): readonly Entity<'file'>[]
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
  close(): void
}

interface Transfer {
  readonly control: AbortController
  readonly kind: 'sending' | 'receiving' | 'waiting'
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
  const running = async (id: string, kind: Transfer['kind'], run: (signal: AbortSignal) => Promise<void>) => {
    const control = new AbortController()
    const stop = (): void => control.abort()
    over.signal.addEventListener('abort', stop)
    transfers.set(id, { control, kind })
    failures.delete(id)
    onChange(id)
    try {
      await run(control.signal)
    } catch (error) {
      if (!control.signal.aborted)
        failures.set(id, error instanceof CairnError ? error.code : 'app.unexpected')
      throw error
    } finally {
      over.signal.removeEventListener('abort', stop)
      transfers.delete(id)
      onChange(id)
    }
  }
  const put = async (id: string, file: Blob, set: Edit<'file'>['set']): Promise<void> => {
    await running(id, 'waiting', async (signal) => {
      const sealed = await sealBlob(file, chunks, {
        random,
        check: () => signal.throwIfAborted(),
        onChunk: () => onChange(id),
      })
      const preview = await previewOf(file)
      await edit([
        {
          kind: 'file',
          id,
          set: {
            ...set,
            size: file.size,
            // A type that the browser does not know is none.
            ...(file.type === '' ? {} : { type: file.type }),
            sealed,
            ...(preview === undefined ? {} : { preview }),
          },
        },
      ])
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
      await put(id, file, { name })
      return id
    },
    replace: (id, file) => put(id, file, {}),
    read: async (id) => openSealedFile(sealedOf(id), chunks, get(id)?.fields.type ?? ''),
    async fetch(id) {
      if (transfers.has(id)) return
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
          const ids = fields.sealed === undefined ? [] : chunkIds(parseSealedFile(fields.sealed))
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
        if (fields.sealed === undefined || transfers.has(id) || over.signal.aborted) continue
        const file = parseSealedFile(fields.sealed)
        // Whoever has all of it can give it to a store.
        if ((await missingChunks(file, chunks)).length === 0) await push(id).catch(() => {})
      }
    },
    close: () => over.abort(),
  }
}
