import { concat, utf8 } from '../../core/bytes.ts'
import { parseCid } from '../../core/cid.ts'
import type { Sha256 } from '../../core/hash.ts'

const TAG = utf8('cairn.space.log.v1\0')

/**
 * What two logs compare: SHA-256 of a tag, the number of operations (4 bytes, big-endian), their digests by CID,
 * ascending as text, and the SHA-256 of each card, by device.
 */
export function logDigest(
  cids: readonly string[],
  cards: ReadonlyMap<string, Uint8Array>,
  sha256: Sha256,
): Uint8Array {
  const count = new Uint8Array(4)
  new DataView(count.buffer).setUint32(0, cids.length)
  const operations = cids.toSorted().flatMap((it) => parseCid(it)?.digest ?? [])
  return sha256(concat([TAG, count, ...operations, ...[...cards.values()].map((it) => sha256(it))]))
}
