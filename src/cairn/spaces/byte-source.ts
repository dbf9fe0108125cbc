import { damaged } from './import-errors.ts'

/** Bytes of which any range can be read, as a file on disk or one that is sealed. */
export interface ByteSource {
  readonly size: number
  /**
   * Bytes [from, to), all of them.
   *
   * @throws ImportError `spaces.import-damaged`
   */
  read(from: number, to: number): Promise<Uint8Array<ArrayBuffer>>
}

/** Bytes read at a time where more is wanted. */
export const PIECE = 1 << 20

export const blobSource = (blob: Blob): ByteSource => ({
  size: blob.size,
  async read(from, to) {
    if (from < 0 || to > blob.size || from > to) throw damaged('cut-off')
    try {
      return new Uint8Array(await blob.slice(from, to).arrayBuffer())
    } catch {
      // A file that was changed or taken away since it was chosen.
      throw damaged('unreadable')
    }
  },
})
