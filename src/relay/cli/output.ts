import { once } from 'node:events'
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { fileError } from './errors.ts'

/** Writes to standard output no faster than it is read. Whoever reads may stop at any time: that is no error. */
export async function print(text: string): Promise<void> {
  if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain')
}

/** `cairn export … | head` closes the pipe early. */
export function endWhenUnread(): void {
  process.stdout.on('error', (error) => {
    process.exit('code' in error && error.code === 'EPIPE' ? 0 : 1)
  })
}

/** A file that comes into place when it is whole. */
export interface OutFile {
  write(text: string): Promise<void>
  /** Puts the file in its place, or takes away what was written. */
  end(whole: boolean): void
}

/** Throws `cli.file`. */
export function createOutFile(path: string): OutFile {
  const part = `${path}.part`
  const guarded = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw fileError(path, error)
    }
  }
  const fd = guarded(() => openSync(part, 'w'))
  return {
    async write(text) {
      const bytes = Buffer.from(text)
      guarded(() => {
        for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
      })
    },
    end(whole) {
      closeSync(fd)
      if (whole) guarded(() => renameSync(part, path))
      else rmSync(part, { force: true })
    },
  }
}
