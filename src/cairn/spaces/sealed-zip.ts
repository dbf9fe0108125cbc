import { concat, copyRange, equalBytes, utf8 } from '../../core/bytes.ts'
import {
  deriveKey,
  GCM_TAG_BYTES,
  gcmOpen,
  gcmSeal,
  importSecret,
  KEY_BYTES,
  type Parts,
  type Random,
  randomBytes,
} from '../../spaces/crypto.ts'
import { openByPassphrase, sealByPassphrase } from '../../spaces/keys/passphrase.ts'
import type { ByteSource } from './byte-source.ts'
import { damaged, ImportError } from './import-errors.ts'

const MAGIC = utf8('cairn-sealed')
const VERSION = 1
/** Bytes in each piece but the last. */
const PIECE = 1 << 20
const SEALED_PIECE = PIECE + GCM_TAG_BYTES
const SALT_AT = MAGIC.length + 4
const KEY_AT = SALT_AT + KEY_BYTES
const HEADER_BYTES = KEY_AT + KEY_BYTES + GCM_TAG_BYTES

const KEY_TAG = 'cairn.export.piece-key.v1'
const TAG = 'cairn.export.piece.v1'
const infoOf = (tag: string, index: number, last: boolean): Parts => [tag, index, last]

/** Seals a stream. */
export interface StreamSealer {
  /** Holds one piece. It may be used once: another stream would have the same keys. */
  seal(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined>
}

/**
 * A sealed file (docs/space-content.md, "Export"): `cairn-sealed`, version, salt, a key sealed by the passphrase, then
 * pieces of 1 MiB, each under a key of its own that its index and whether it is the last go into. So a piece opens only
 * in its place, and a file that was cut off has no last one.
 *
 * @throws KeysError `keys.invalid` for a passphrase that is none
 */
export async function createStreamSealer(passphrase: string, random: Random): Promise<StreamSealer> {
  const salt = randomBytes(random, KEY_BYTES)
  const key = randomBytes(random, KEY_BYTES)
  const version = new Uint8Array(4)
  new DataView(version.buffer).setUint32(0, VERSION)
  const header = concat([MAGIC, version, salt, await sealByPassphrase(passphrase, salt, key)])
  const secret = await importSecret(key)
  const sealPiece = async (index: number, last: boolean, plain: Uint8Array<ArrayBuffer>) =>
    gcmSeal(
      await deriveKey(secret, new Uint8Array(), infoOf(KEY_TAG, index, last)),
      infoOf(TAG, index, last),
      plain,
    )

  return {
    async *seal(source) {
      yield header
      const buffer = new Uint8Array(PIECE)
      let filled = 0
      let index = 0
      for await (const part of source) {
        for (let at = 0; at < part.length;) {
          // A full piece waits for what follows it: it may be the last.
          if (filled === PIECE) {
            yield await sealPiece(index++, false, buffer)
            filled = 0
          }
          const some = part.subarray(at, at + PIECE - filled)
          buffer.set(some, filled)
          filled += some.length
          at += some.length
        }
      }
      yield await sealPiece(index, true, copyRange(buffer, 0, filled))
    },
  }
}

/** True for what begins as a sealed file does. */
export async function isSealed(source: ByteSource): Promise<boolean> {
  if (source.size < MAGIC.length) return false
  return equalBytes(await source.read(0, MAGIC.length), MAGIC)
}

/** Pieces that are held open: a read may begin in one and end in the next. */
const HELD = 2

/**
 * What is sealed in a file, opened piece by piece as it is read. The last piece is opened at once, so that a file that
 * was cut off anywhere is known for one.
 *
 * @throws ImportError `spaces.import-passphrase`, `spaces.import-version`, `spaces.import-damaged`; KeysError
 *   `keys.invalid`
 */
export async function openSealedSource(
  source: ByteSource,
  passphrase: string | undefined,
): Promise<ByteSource> {
  if (source.size < HEADER_BYTES + GCM_TAG_BYTES) throw damaged('cut-off')
  const header = await source.read(0, HEADER_BYTES)
  const version = new DataView(header.buffer).getUint32(MAGIC.length)
  if (version !== VERSION) throw new ImportError('spaces.import-version', { version })
  if (passphrase === undefined) throw new ImportError('spaces.import-passphrase', { reason: 'missing' })
  const key = await openByPassphrase(
    passphrase,
    copyRange(header, SALT_AT, KEY_AT),
    copyRange(header, KEY_AT, HEADER_BYTES),
  )
  if (key === undefined) throw new ImportError('spaces.import-passphrase', { reason: 'wrong' })
  const secret = await importSecret(key)
  const sealedBytes = source.size - HEADER_BYTES
  const count = Math.ceil(sealedBytes / SEALED_PIECE)
  const size = sealedBytes - count * GCM_TAG_BYTES
  const held = new Map<number, Uint8Array<ArrayBuffer>>()

  async function piece(index: number): Promise<Uint8Array<ArrayBuffer>> {
    const known = held.get(index)
    if (known !== undefined) return known
    const last = index === count - 1
    const from = HEADER_BYTES + index * SEALED_PIECE
    const sealed = await source.read(from, Math.min(from + SEALED_PIECE, source.size))
    const pieceKey = await deriveKey(secret, new Uint8Array(), infoOf(KEY_TAG, index, last))
    const opened =
      sealed.length < GCM_TAG_BYTES ? undefined : await gcmOpen(pieceKey, infoOf(TAG, index, last), sealed)
    if (opened === undefined) throw damaged('sealed')
    const [oldest] = held.keys()
    if (held.size >= HELD && oldest !== undefined) held.delete(oldest)
    held.set(index, opened)
    return opened
  }
  await piece(count - 1)

  return {
    size,
    async read(from, to) {
      if (from < 0 || to > size || from > to) throw damaged('cut-off')
      const out = new Uint8Array(to - from)
      for (let at = from; at < to;) {
        const index = Math.floor(at / PIECE)
        const opened = await piece(index)
        const start = at - index * PIECE
        const some = opened.subarray(start, Math.min(opened.length, start + to - at))
        out.set(some, at - from)
        at += some.length
      }
      return out
    },
  }
}
