import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../core/clock.ts'
import { hasCode } from '../../../core/errors.ts'
import type { Timers } from '../../../core/timers.ts'
import { createLimit } from '../../../sync/packs/limit.ts'
import { errorFields, type Log } from '../../http/log.ts'
import type { Store } from '../../store/model.ts'
import { UploadError } from './errors.ts'
import { openUploadFolder, type UploadPlan } from './folder.ts'
import { MOST_OF_ADDRESS, MOST_TOLD, MOST_UPLOADS, STEP, SWEEP_EVERY } from './limits.ts'
import { takeUpload } from './take-upload.ts'
import { createUpload, isDue, isOver, stateOf, type Upload, type UploadState } from './upload.ts'

export type { UploadState } from './upload.ts'

/** Bytes on their way. Ends early, and does not throw, when they stop coming. */
export interface UploadBody {
  readonly parts: AsyncIterable<Uint8Array>
  /** Ends it: someone else goes on with the upload, or it is let go. */
  stop(): void
}

/** CARs of kept repos that come in pieces and are taken in once they are whole. The methods throw UploadError. */
export interface Uploads {
  /**
   * @param client what limits count by
   * @throws also StoreError `store.not-kept`, `store.quota`, `store.full`
   */
  create(plan: UploadPlan, client: string): Promise<UploadState>
  state(id: string): UploadState
  /** Adds what comes. One body at a time: a new one ends that before it, which may be of a line that broke unnoticed. */
  append(id: string, offset: number, body: UploadBody): Promise<UploadState>
  /** Resolves when what becomes of a complete upload is known, or when the store is closed first. */
  ended(id: string): Promise<void>
  remove(id: string): Promise<void>
  /** Ends what is on its way. Call it before the store is closed; all but what had ended is there at the next start. */
  close(): Promise<void>
}

export interface UploadsOptions {
  /** made when absent; nobody else writes there */
  readonly folder: string
  readonly store: Pick<Store, 'head' | 'storage' | 'takeFile' | 'holdRoom'>
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Log
}

/** Opens a relay's uploads, those among them that a stop cut off. */
export async function openUploads(options: UploadsOptions): Promise<Uploads> {
  const { store, clock, timers, log } = options
  const folder = await openUploadFolder(options.folder)
  const uploads = new Map<string, Upload>()
  /** One at a time: all others of the store's transfers are for who was admitted. */
  const taking = createLimit(1, MOST_UPLOADS)
  let closed = false
  let stopSweeping: (() => void) | undefined

  const open = (): Upload[] => [...uploads.values()].filter((it) => !isOver(it))
  const incoming = (): Upload[] => open().filter((it) => it.outcome.status === 'receiving')
  const failed = (event: string, error: unknown): void => {
    if (!closed) log('warn', event, errorFields(error))
  }

  const room = store.holdRoom({
    get spare() {
      return incoming().reduce((sum, it) => sum + it.held, 0)
    },
    async letGo(bytes) {
      let freed = 0
      for (const it of incoming().sort((a, b) => a.touchedAt - b.touchedAt)) {
        if (freed >= bytes) return
        if (it.held === 0) continue
        freed += it.held
        log('info', 'uploads.let-go', { did: it.row.did, bytes: it.offset })
        await discard(it)
      }
    },
  })

  const find = (id: string): Upload => {
    if (closed) throw new UploadError('upload.closed')
    sweep()
    const upload = uploads.get(id)
    if (upload === undefined || upload.isForgotten) throw new UploadError('upload.unknown')
    return upload
  }

  const free = async (upload: Upload): Promise<void> => {
    await folder.remove(upload.id)
    const { held } = upload
    upload.held = 0
    await room.give(held)
  }

  const discard = async (upload: Upload): Promise<void> => {
    if (!uploads.delete(upload.id)) return
    upload.writer?.stop()
    await upload.writer?.ended
    await free(upload)
  }

  const sweep = (): void => {
    const now = clock.now()
    for (const it of uploads.values())
      if (isDue(it, now)) discard(it).catch((error: unknown) => failed('uploads.sweep-failed', error))
    stopSweeping?.()
    stopSweeping = uploads.size === 0 ? undefined : timers.after(SWEEP_EVERY, sweep)
  }

  const end = async (upload: Upload, outcome: UploadState['outcome']): Promise<void> => {
    const { did, bytes } = upload.row
    Object.assign(upload, { outcome, touchedAt: clock.now() })
    const { status } = outcome
    log('info', 'uploads.ended', { did, bytes, status, ...('code' in outcome ? { code: outcome.code } : {}) })
    if (upload.isForgotten) uploads.delete(upload.id)
    const told = [...uploads.values()].filter(isOver)
    for (const it of told.slice(0, Math.max(0, told.length - MOST_TOLD))) uploads.delete(it.id)
    await free(upload)
  }

  const take = async (upload: Upload): Promise<void> => {
    const file = await folder.file(upload.id)
    const outcome = await takeUpload(store, upload.row, file, (error) => failed('uploads.take-failed', error))
    // Else the next start finds it whole, and what it has become.
    if (!closed) await end(upload, outcome)
  }

  /** What it sets resolves, whatever becomes of it. */
  const begin = (upload: Upload): void => {
    upload.outcome = { status: 'working' }
    // There are never more than may wait.
    const mine = taking.run(() => take(upload)) ?? Promise.reject(new UploadError('upload.closed'))
    upload.ended = mine
      .catch(async (error: unknown) => {
        failed('uploads.take-failed', error)
        // A store that closes leaves it for the next start.
        if (closed || hasCode(error, 'sync.cancelled')) return
        await end(upload, { status: 'rejected', code: 'runtime.internal' })
      })
      .catch((error: unknown) => failed('uploads.take-failed', error))
  }

  const takeRoom = async (upload: Upload, needed: number): Promise<void> => {
    if (needed <= upload.held) return
    const more = Math.min(upload.row.bytes, Math.ceil(needed / STEP) * STEP) - upload.held
    if (!(await room.take(more))) throw new UploadError('upload.no-room')
    upload.held += more
  }

  const write = async (upload: Upload, { parts }: UploadBody): Promise<void> => {
    const { id, row } = upload
    const file = await folder.append(id)
    try {
      for await (const part of parts) {
        if (part.length > row.bytes - upload.offset)
          throw new UploadError('upload.too-large', { limit: row.bytes })
        await takeRoom(upload, upload.offset + part.length)
        await file.appendFile(part)
        upload.offset += part.length
        upload.touchedAt = clock.now()
      }
      await file.sync()
    } finally {
      await file.close()
      // A write that failed half done left what it wrote.
      upload.offset = await folder.size(id)
    }
  }

  const admit = ({ did, bytes }: UploadPlan, client: string): void => {
    const all = open()
    if (all.length >= MOST_UPLOADS)
      throw new UploadError('upload.too-many', { what: 'all', limit: MOST_UPLOADS })
    if (all.filter((it) => it.client === client).length >= MOST_OF_ADDRESS)
      throw new UploadError('upload.too-many', { what: 'address', limit: MOST_OF_ADDRESS })
    room.foresee(did, bytes)
  }

  for (const { id, row, offset, touchedAt } of folder.found) {
    const upload: Upload = { ...createUpload(id, row, undefined), offset, touchedAt }
    uploads.set(id, upload)
    // Whoever lowered the limits meanwhile did not mean to keep it.
    const fits = await takeRoom(upload, offset).then(
      () => true,
      () => false,
    )
    if (!fits) await discard(upload)
    else if (offset === row.bytes) begin(upload)
  }
  sweep()

  return {
    async create(plan, client) {
      if (closed) throw new UploadError('upload.closed')
      sweep()
      admit(plan, client)
      const id = randomBytes(16).toString('hex')
      const upload = createUpload(id, { ...plan, createdAt: clock.now() }, client)
      // Counted from here on, whatever the disk takes its time for.
      uploads.set(id, upload)
      try {
        await folder.create(id, upload.row)
      } catch (error) {
        await discard(upload)
        throw error
      }
      sweep()
      return stateOf(upload)
    },
    state: (id) => stateOf(find(id)),
    async append(id, offset, body) {
      const upload = find(id)
      while (upload.writer !== undefined) {
        upload.writer.stop()
        await upload.writer.ended
      }
      if (offset !== upload.offset)
        throw new UploadError('upload.wrong-offset', { offset: upload.offset, bytes: upload.row.bytes })
      if (find(id).outcome.status !== 'receiving') return stateOf(upload)
      const { promise: ended, resolve } = Promise.withResolvers<void>()
      upload.writer = { stop: () => body.stop(), ended }
      try {
        await write(upload, body)
      } finally {
        upload.writer = undefined
        resolve()
      }
      // Let go meanwhile, or the relay stops.
      find(id)
      if (upload.offset === upload.row.bytes) begin(upload)
      return stateOf(upload)
    },
    async ended(id) {
      await find(id).ended
    },
    async remove(id) {
      const upload = find(id)
      // What is being taken in ends by itself, and counts until then.
      if (upload.outcome.status === 'working') upload.isForgotten = true
      else await discard(upload)
    },
    async close() {
      closed = true
      stopSweeping?.()
      for (const { writer } of uploads.values()) {
        writer?.stop()
        await writer?.ended
      }
    },
  }
}
