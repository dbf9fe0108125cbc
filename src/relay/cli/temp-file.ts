import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Bytes gathered before they are written. */
const BUFFER = 256 * 1024

/** Bytes put aside on disk for the time of one command: what is read back is found by its offset. */
export interface TempFile {
  append(bytes: Uint8Array): number
  read(offset: number, length: number): Uint8Array<ArrayBuffer>
  close(): void
}

/** The file is made with the first bytes that do not fit the buffer, and is gone afterwards. */
export function createTempFile(): TempFile {
  const buffer = new Uint8Array(BUFFER)
  let buffered = 0
  let written = 0
  let open: { readonly fd: number; readonly directory: string } | undefined

  const file = (): number => {
    if (open === undefined) {
      const directory = mkdtempSync(join(tmpdir(), 'cairn-'))
      open = { fd: openSync(join(directory, 'nodes'), 'wx+', 0o600), directory }
    }
    return open.fd
  }
  const write = (bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length;) at += writeSync(file(), bytes, at, bytes.length - at, written + at)
    written += bytes.length
  }
  const flush = (): void => {
    write(buffer.subarray(0, buffered))
    buffered = 0
  }

  return {
    append(bytes) {
      if (buffered + bytes.length > BUFFER) flush()
      const offset = written + buffered
      if (bytes.length > BUFFER) write(bytes)
      else {
        buffer.set(bytes, buffered)
        buffered += bytes.length
      }
      return offset
    },
    read(offset, length) {
      if (offset >= written) return buffer.slice(offset - written, offset - written + length)
      return readExactly(file(), offset, length)
    },
    close() {
      if (open === undefined) return
      closeSync(open.fd)
      rmSync(open.directory, { recursive: true, force: true })
      open = undefined
    },
  }
}

/** Throws RangeError when the file ends before. */
export function readExactly(fd: number, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length;) {
    const count = readSync(fd, bytes, at, length - at, offset + at)
    if (count === 0) throw new RangeError('a file became shorter while it was read')
    at += count
  }
  return bytes
}
