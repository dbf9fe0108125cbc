import { compress, decompress } from '../../core/compress.ts'

/** gzip, as every host has it. */
export interface Gzip {
  compress(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>>
  /** Undefined for what is no gzip, or is more than `maxBytes` when decompressed; stops there. */
  decompress(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined>
}

export const createGzip = (): Gzip => ({
  compress: (bytes) => compress(bytes, 'gzip'),
  decompress: (bytes, maxBytes) => decompress(bytes, 'gzip', maxBytes),
})
