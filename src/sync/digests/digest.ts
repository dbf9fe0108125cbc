import { equalAt, utf8 } from '../../core/bytes.ts'
import type { Sha256 } from '../../core/hash.ts'

/** A head as one side holds it, or as the other thinks that it does. */
export interface HeadWord {
  /** DID, or the URI of a space's repo */
  readonly id: string
  /** a TID */
  readonly rev: string
  /** CID of the signed commit */
  readonly commit: string
  /** of a partial copy only: what it has, each with the rev that it was taken under */
  readonly collections?: readonly { readonly nsid: string; readonly rev: string }[] | undefined
}

/** Of a bucket, bytes. Two heads of one repo with the same digest take 2^64 tries of whoever signs that repo. */
export const DIGEST_BYTES = 16
/** This use of the hash has a name of its own. */
const TAG = 'cairn/head-digest/1'

/**
 * The digests of many buckets: each the sum, modulo 2^128, of the digests of its heads, so that their order is
 * nothing and one head can be taken in without the others. A sum and no XOR, in which a head that comes twice
 * would be gone.
 *
 * They keep no secret and prove nothing. Whoever answers could as well say that nothing differs; whoever signs two
 * heads with one digest hides news of their own repo, until the next notice of it. What is told is proven later.
 */
export interface BucketDigests {
  readonly bytes: Uint8Array<ArrayBuffer>
  add(bucket: number, head: HeadWord): void
  /** Whether a bucket has the same digest in both. */
  equals(bucket: number, others: Uint8Array): boolean
}

export function createBucketDigests(buckets: number, sha256: Sha256): BucketDigests {
  const bytes = new Uint8Array(buckets * DIGEST_BYTES)
  const view = new DataView(bytes.buffer)
  return {
    bytes,
    add(bucket, head) {
      const hash = headHash(head, sha256)
      const added = new DataView(hash.buffer, hash.byteOffset, hash.byteLength)
      let carry = 0
      for (let i = 0; i < DIGEST_BYTES; i += 4) {
        const at = bucket * DIGEST_BYTES + i
        const sum = view.getUint32(at, true) + added.getUint32(i, true) + carry
        view.setUint32(at, sum % 2 ** 32, true)
        carry = sum >= 2 ** 32 ? 1 : 0
      }
    },
    equals: (bucket, others) =>
      equalAt(bytes, bucket * DIGEST_BYTES, others, bucket * DIGEST_BYTES, DIGEST_BYTES),
  }
}

/**
 * SHA-256 over a tag, id, rev and commit, each but the first after a zero byte, which none of them has; of a partial
 * copy then over `partial` and, in the order of their names, each collection and its rev.
 */
function headHash({ id, rev, commit, collections }: HeadWord, sha256: Sha256): Uint8Array {
  const parts = [TAG, id, rev, commit]
  if (collections !== undefined) {
    parts.push('partial')
    const sorted = [...collections].sort((a, b) => (a.nsid < b.nsid ? -1 : 1))
    for (const it of sorted) parts.push(it.nsid, it.rev)
  }
  return sha256(utf8(parts.join('\0')))
}

/** The bucket that a member of a group lies in: the first bits of SHA-256 of its id. */
export function bucketOf(id: string, bits: number, sha256: Sha256): number {
  if (bits === 0) return 0
  const hash = sha256(utf8(id))
  // 32 bytes; at most 12 bits are asked for.
  return new DataView(hash.buffer, hash.byteOffset, 2).getUint16(0) >>> (16 - bits)
}
