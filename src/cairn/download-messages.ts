/**
 * What a page and the service worker say to each other to stream a download to disk.
 *
 * 1. page → worker: `download`, with one end of a MessageChannel; the worker answers `ready` on the port.
 * 2. The page opens `/download/<id>` in a hidden frame; the worker answers with a stream as attachment.
 * 3. On the port the worker says `pull` when the disk can take more; the page answers each with one
 *    `chunk`, or with `end`, or with `fail`. So at most one chunk is under way.
 * 4. While it lasts the page sends `download-alive`: browsers stop a worker that hears no event for 30 s,
 *    and messages on a port are none. A port goes along, on which a worker that was ended meanwhile and so knows
 *    nothing of the download says `cancel`.
 */

/** Paths under this belong to the worker; no server ever answers them. */
export const downloadPrefix = '/download/'

export interface DownloadRequest {
  readonly type: 'download'
  /** unguessable, from the page */
  readonly id: string
  readonly name: string
  readonly contentType: string
  /** bytes, when known exactly; the browser then refuses a shorter or longer file */
  readonly size?: number
}

export interface DownloadAlive {
  readonly type: 'download-alive'
  readonly id: string
}

export type FromPage =
  | { readonly type: 'chunk'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'end' }
  | { readonly type: 'fail' }

export type FromWorker =
  | { readonly type: 'ready' }
  /** the browser asked for the download */
  | { readonly type: 'claimed' }
  | { readonly type: 'pull' }
  /** the person cancelled it, the disk is full, or nobody asked for it in time */
  | { readonly type: 'cancel' }
