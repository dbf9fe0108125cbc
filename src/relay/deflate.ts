import { promisify } from 'node:util'
import { constants, deflateRaw } from 'node:zlib'

const deflate = promisify<Uint8Array, { level: number; memLevel: number }, Uint8Array>(deflateRaw)

/**
 * DEFLATE on another thread, at zlib's quickest level: pages of a repo come out a hundredth larger than at the level of
 * `CompressionStream`, in half the time.
 */
export const deflateQuickly = (bytes: Uint8Array): Promise<Uint8Array> =>
  deflate(bytes, { level: constants.Z_BEST_SPEED, memLevel: constants.Z_MAX_MEMLEVEL })
