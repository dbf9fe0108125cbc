import { downloadPrefix } from '../cairn/download-messages.ts'
import type { DownloadAlive, DownloadRequest, FromPage, FromWorker } from '../cairn/download-messages.ts'

/** A download that the browser does not ask for within this time is dropped. */
const unclaimedMs = 30_000

/** A page that is silent for this long is gone; it says that it lives every 10 s. */
const silentMs = 60_000

/** More than anyone starts at once; beyond it a page is at fault. */
const mostAtOnce = 32

interface Download {
  readonly request: DownloadRequest
  readonly port: MessagePort
  readonly ended: Promise<void>
  readonly end: () => void
  claimed: boolean
  timer: ReturnType<typeof setTimeout>
}

export interface Downloads {
  /** Takes a page's request; the promise ends with the download and belongs in `waitUntil`. */
  offer(request: DownloadRequest, port: MessagePort): Promise<void>
  /** The page is still there; the promise belongs in `waitUntil`. `answers`: where it is told that this one is not. */
  alive(message: DownloadAlive, answers?: MessagePort): Promise<void>
  /** The answer for a path under {@link downloadPrefix}: the stream, once; then 404. */
  respond(path: string): Response
}

/** The downloads this worker streams at the moment. Times are in ms, shorter only in tests. */
export function createDownloads(
  times: { unclaimed: number; silent: number } = { unclaimed: unclaimedMs, silent: silentMs },
): Downloads {
  const open = new Map<string, Download>()

  function drop(download: Download): void {
    clearTimeout(download.timer)
    if (open.get(download.request.id) === download) open.delete(download.request.id)
    download.port.close()
    download.end()
  }

  function cancel(download: Download): void {
    say(download.port, { type: 'cancel' })
    drop(download)
  }

  function offer(request: DownloadRequest, port: MessagePort): Promise<void> {
    if (open.size >= mostAtOnce || open.has(request.id)) {
      say(port, { type: 'cancel' })
      port.close()
      return Promise.resolve()
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    const download: Download = {
      request,
      port,
      ended: promise,
      end: resolve,
      claimed: false,
      timer: setTimeout(() => cancel(download), times.unclaimed),
    }
    open.set(request.id, download)
    say(port, { type: 'ready' })
    return promise
  }

  function alive({ id }: DownloadAlive, answers?: MessagePort): Promise<void> {
    const download = open.get(id)
    if (download === undefined) {
      if (answers !== undefined) say(answers, { type: 'cancel' })
      return Promise.resolve()
    }
    if (download.claimed) watch(download)
    return download.ended
  }

  function watch(download: Download): void {
    clearTimeout(download.timer)
    download.timer = setTimeout(() => cancel(download), times.silent)
  }

  function respond(path: string): Response {
    const download = open.get(path.slice(downloadPrefix.length))
    if (download === undefined || download.claimed) {
      return new Response('This download has ended. Start it again from Cairn.\n', { status: 404 })
    }
    download.claimed = true
    watch(download)
    say(download.port, { type: 'claimed' })
    return new Response(read(download), { headers: headers(download.request) })
  }

  /** The body: each pull of the browser is one pull of the page. */
  function read(download: Download): ReadableStream<Uint8Array<ArrayBuffer>> {
    let answered: (() => void) | undefined
    let complete = false
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start(controller) {
          // A page that has gone silent fails the file instead of ending it short.
          void download.ended.then(() => {
            if (!complete) controller.error(new Error('the page stopped sending'))
            answered?.()
          })
          download.port.addEventListener('message', ({ data }: MessageEvent<FromPage>) => {
            watch(download)
            if (data.type === 'chunk') controller.enqueue(data.bytes)
            if (data.type === 'end') {
              complete = true
              controller.close()
            }
            answered?.()
            if (data.type !== 'chunk') drop(download)
          })
          download.port.start()
        },
        pull() {
          say(download.port, { type: 'pull' })
          return new Promise<void>((resolve) => {
            answered = resolve
          })
        },
        cancel() {
          complete = true
          cancel(download)
        },
      },
      { highWaterMark: 0 },
    )
  }

  return { offer, alive, respond }
}

function say(port: MessagePort, message: FromWorker): void {
  port.postMessage(message)
}

function headers(request: DownloadRequest): Headers {
  const out = new Headers({
    // Never a type the browser would render: the bytes may be anybody's.
    'content-type': /^[\w.+-]+\/[\w.+-]+$/.test(request.contentType)
      ? request.contentType
      : 'application/octet-stream',
    'content-disposition': contentDisposition(request.name),
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  })
  if (request.size !== undefined && Number.isSafeInteger(request.size))
    out.set('content-length', String(request.size))
  return out
}

/** An attachment's name in both forms of RFC 6266: plain ASCII, and UTF-8 as RFC 5987 encodes it. */
export function contentDisposition(name: string): string {
  const clean =
    name
      .toWellFormed()
      .replace(/[\p{Cc}/\\]/gu, '_')
      .slice(0, 200) || 'download'
  const ascii = clean.replace(/[^\x20-\x7e]|["%]/g, '_')
  const encoded = encodeURIComponent(clean.toWellFormed()).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`
}
