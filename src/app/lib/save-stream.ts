import { downloadPrefix } from '../../cairn/download-messages.ts'
import type { DownloadAlive, DownloadRequest, FromPage, FromWorker } from '../../cairn/download-messages.ts'
import { CairnError } from '../../core/errors.ts'
import { whileSaving } from './saves.ts'

/**
 * `save.cancelled`: the person, or the browser, stopped it. `save.too-large`: this browser can only save
 * what fits in memory (`fields.limit`, bytes). `save.no-answer`: the service worker did not take it.
 */
class SaveError extends CairnError {}

export interface SaveRequest {
  readonly name: string
  readonly type: string
  /** bytes, when known exactly */
  readonly size?: number | undefined
  readonly stream: ReadableStream<Uint8Array>
}

/** Without a service worker or a file picker a file is gathered in memory; at most this much of it. */
const memoryLimit = 256 * 1024 * 1024

/** A worker that sleeps wakes in well under a second. */
const answerMs = 10_000

/** Browsers stop a worker after about 30 s without an event. */
const aliveMs = 10_000

/** The frame that started a download may go this long after the last byte was taken. */
const frameLingerMs = 10_000

/**
 * Saves a stream as a file and resolves when the browser has taken its last byte. Streams to disk through
 * the service worker where it controls the page, else through the file picker, else by way of memory.
 * The stream is cancelled on failure. Call it in a click handler: a picker needs the person's gesture.
 */
export const saveStream = (request: SaveRequest): Promise<void> => whileSaving(() => save(request))

async function save(request: SaveRequest): Promise<void> {
  const worker = navigator.serviceWorker?.controller
  if (worker) return saveThroughWorker(request, worker)
  if ('showSaveFilePicker' in globalThis) return saveWithPicker(request)
  return saveThroughMemory(request)
}

async function saveThroughWorker(request: SaveRequest, worker: ServiceWorker): Promise<void> {
  const id = crypto.randomUUID()
  const { port1: port, port2 } = new MessageChannel()
  const reader = request.stream.getReader()
  const frame = document.createElement('iframe')
  frame.hidden = true
  frame.title = ''
  let alive: ReturnType<typeof setInterval> | undefined
  const over = new AbortController()
  try {
    await new Promise<void>((resolve, reject) => {
      const stopped = (): void => reject(new SaveError('save.cancelled'))
      // A worker that was ended in the midst of it comes back without it, or not at all, and says nothing by itself.
      const onState = (): void => void (worker.state === 'redundant' && stopped())
      worker.addEventListener('statechange', onState, { signal: over.signal })
      alive = setInterval(() => {
        const { port1: mine, port2: answers } = new MessageChannel()
        mine.addEventListener('message', stopped)
        mine.start()
        worker.postMessage({ type: 'download-alive', id } satisfies DownloadAlive, [answers])
      }, aliveMs)
      const unanswered = setTimeout(() => reject(new SaveError('save.no-answer')), answerMs)
      port.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
        clearTimeout(unanswered)
        if (data.type === 'ready') {
          frame.src = `${downloadPrefix}${id}`
          document.body.append(frame)
        } else if (data.type === 'pull') {
          sendNext(reader, port).then((ended) => ended && resolve(), reject)
        } else if (data.type === 'cancel') stopped()
      })
      port.start()
      const { name, type: contentType, size } = request
      const message: DownloadRequest = {
        type: 'download',
        id,
        name,
        contentType,
        ...(size === undefined ? {} : { size }),
      }
      worker.postMessage(message, [port2])
    })
  } catch (error) {
    await reader.cancel(error).catch(() => {})
    throw error
  } finally {
    clearInterval(alive)
    over.abort()
    setTimeout(() => {
      frame.remove()
      port.close()
    }, frameLingerMs)
  }
}

/** Answers one pull; true when that was the end. */
async function sendNext(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  port: MessagePort,
): Promise<boolean> {
  try {
    const { done, value } = await reader.read()
    if (done) {
      port.postMessage({ type: 'end' } satisfies FromPage)
      return true
    }
    // A copy: the chunk may be a view of a buffer that its owner still uses.
    const bytes = new Uint8Array(value)
    port.postMessage({ type: 'chunk', bytes } satisfies FromPage, [bytes.buffer])
    return false
  } catch (error) {
    port.postMessage({ type: 'fail' } satisfies FromPage)
    throw error
  }
}

/** The File System Access API, which TypeScript's library does not describe. */
interface PickerWindow {
  showSaveFilePicker(options: { suggestedName: string }): Promise<FileSystemFileHandle>
}

async function saveWithPicker(request: SaveRequest): Promise<void> {
  try {
    // Checked to exist by the caller.
    const picker = globalThis as unknown as PickerWindow
    const file = await picker.showSaveFilePicker({ suggestedName: request.name })
    await request.stream.pipeTo(await file.createWritable())
  } catch (error) {
    if (!request.stream.locked) await request.stream.cancel(error)
    if (error instanceof DOMException && error.name === 'AbortError') throw new SaveError('save.cancelled')
    throw error
  }
}

async function saveThroughMemory(request: SaveRequest): Promise<void> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  let bytes = 0
  const reader = request.stream.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    bytes += value.byteLength
    if (bytes > memoryLimit) {
      await reader.cancel()
      throw new SaveError('save.too-large', { limit: memoryLimit })
    }
    parts.push(new Uint8Array(value))
  }
  const url = URL.createObjectURL(new Blob(parts, { type: request.type }))
  const link = document.createElement('a')
  link.href = url
  link.download = request.name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), frameLingerMs)
}
