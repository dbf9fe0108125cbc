import { encode, toBytes } from '@atcute/cbor'
import { carBytes, type TestBlock } from './car.ts'
import { CODEC_RAW } from './cid.ts'
import {
  block,
  commitBlock,
  type CommitParts,
  HOSTILE_DID,
  HOSTILE_KEY,
  HOSTILE_KEY_P256,
  HOSTILE_REV,
  type HostileCase,
  link,
  node,
  pathsOnLayer,
  rawBytes,
  smallRecord,
} from './hostile-craft.ts'
import { createTestDid } from './keys.ts'
import { createPrng } from './prng.ts'

/** A sound tree of three records, under commits that are not. */
function underCommit(make: (root: Uint8Array) => TestBlock): Uint8Array<ArrayBuffer> {
  const records = [smallRecord(1), smallRecord(2), smallRecord(3)]
  const paths = pathsOnLayer(0, 3)
  const root = node(records.map((record, i) => ({ path: paths[i] ?? '', v: record.cid })))
  const commit = make(root.cid)
  return carBytes([commit.cid], [commit, root, ...records])
}

const withParts = (parts: CommitParts): Uint8Array<ArrayBuffer> =>
  underCommit((root) => commitBlock(root, parts))
const withFields = (fields: Record<string, unknown>): Uint8Array<ArrayBuffer> => withParts({ fields })

/** DER, as some signers hand it out: two integers in a sequence. */
function derSignature(compact: Uint8Array): Uint8Array {
  const integer = (bytes: Uint8Array): Uint8Array => {
    const positive = (bytes[0] ?? 0) >= 0x80 ? rawBytes(0, bytes) : bytes
    return rawBytes(0x02, positive.length, positive)
  }
  const body = rawBytes(integer(compact.subarray(0, 32)), integer(compact.subarray(32)))
  return rawBytes(0x30, body.length, body)
}

/** Commits that are unsigned, wrongly signed, or not commits. */
export function hostileCommits(): HostileCase[] {
  const bad = 'repo.bad-signature'
  const malformed = 'repo.commit-malformed'
  const flip = (signature: Uint8Array): Uint8Array => {
    signature[40] = (signature[40] ?? 0) ^ 1
    return signature
  }
  const stranger = createTestDid(createPrng('hostile/stranger'))
  return [
    {
      name: 'signature by another key',
      code: bad,
      car: withParts({ sign: (u) => HOSTILE_KEY_P256.sign(u) }),
    },
    {
      name: 'signature with one bit flipped',
      code: bad,
      alsoFine: ['repo.high-s'],
      car: withParts({ sign: (u, k) => flip(k.sign(u)) }),
    },
    { name: 'signature of zeros', code: bad, car: withParts({ sign: () => new Uint8Array(64) }) },
    {
      name: 'signature of 63 bytes',
      code: bad,
      car: withParts({ sign: (u, k) => k.sign(u).subarray(0, 63) }),
    },
    { name: 'signature of 65 bytes', code: bad, car: withParts({ sign: (u, k) => rawBytes(k.sign(u), 1) }) },
    { name: 'signature in DER', code: bad, car: withParts({ sign: (u, k) => derSignature(k.sign(u)) }) },
    { name: 'empty signature', code: bad, car: withParts({ sign: () => new Uint8Array(0) }) },
    {
      name: 'signature over other fields',
      code: bad,
      car: withParts({ sign: (_, k) => k.sign(encode({ did: HOSTILE_DID, version: 3 })) }),
    },
    {
      name: 'high-S signature (k256)',
      code: 'repo.high-s',
      alsoFine: [bad],
      car: withParts({ sign: (u, k) => k.signHighS(u) }),
    },
    {
      name: 'high-S signature (p256)',
      code: 'repo.high-s',
      alsoFine: [bad],
      didKey: HOSTILE_KEY_P256.didKey,
      car: withParts({ key: HOSTILE_KEY_P256, sign: (u, k) => k.signHighS(u) }),
    },
    { name: "another account's repo", code: 'repo.did-mismatch', car: withFields({ did: stranger }) },
    { name: 'commit version 4', code: 'repo.commit-version', car: withFields({ version: 4 }) },
    { name: 'commit version 1', code: 'repo.commit-version', car: withFields({ version: 1 }) },
    {
      name: 'commit version as text',
      code: malformed,
      alsoFine: ['repo.commit-version'],
      car: withFields({ version: '3' }),
    },
    {
      name: 'commit without version',
      code: malformed,
      alsoFine: ['repo.commit-version'],
      car: withFields({ version: undefined }),
    },
    { name: 'commit without did', code: malformed, car: withFields({ did: undefined }) },
    {
      name: 'commit whose did is none',
      code: malformed,
      alsoFine: ['repo.did-mismatch'],
      car: withFields({ did: 'alice' }),
    },
    { name: 'commit without data', code: malformed, car: withFields({ data: undefined }) },
    { name: 'commit with null data', code: malformed, car: withFields({ data: null }) },
    {
      name: 'commit without rev',
      code: malformed,
      alsoFine: ['repo.rev-malformed'],
      car: withFields({ rev: undefined }),
    },
    {
      name: 'commit whose rev is a number',
      code: malformed,
      alsoFine: ['repo.rev-malformed'],
      car: withFields({ rev: 7 }),
    },
    {
      name: 'commit whose rev is no TID',
      code: 'repo.rev-malformed',
      car: withFields({ rev: '0000000000000' }),
    },
    { name: 'commit whose prev is text', code: malformed, car: withFields({ prev: 'bafyreib' }) },
    { name: 'commit with a signed field of no meaning', code: malformed, car: withFields({ extra: 1 }) },
    {
      name: 'commit without sig',
      code: malformed,
      car: underCommit((root) =>
        block(
          encode({ did: HOSTILE_DID, version: 3, data: link(root), rev: HOSTILE_REV, prev: null }).slice(),
        ),
      ),
    },
    {
      name: 'commit whose sig is text',
      code: malformed,
      car: underCommit((root) => {
        const fields = { did: HOSTILE_DID, version: 3, data: link(root), rev: HOSTILE_REV, prev: null }
        return block(encode({ ...fields, sig: 'signed' }).slice())
      }),
    },
    {
      name: 'commit whose data has the raw codec',
      code: malformed,
      car: underCommit((root) => {
        const raw = root.slice()
        raw[1] = CODEC_RAW
        return commitBlock(raw)
      }),
    },
    {
      name: 'commit with its fields out of order',
      code: malformed,
      car: underCommit((root) => {
        const fields = { did: HOSTILE_DID, version: 3, data: link(root), rev: HOSTILE_REV, prev: null }
        const sig = HOSTILE_KEY.sign(encode(fields))
        const pair = (name: string, value: unknown): Uint8Array =>
          rawBytes(encode(name).slice(), encode(value).slice())
        const sound = { ...fields, sig: toBytes(sig) }
        return block(
          rawBytes(
            0xa6,
            ...Object.entries(sound)
              .reverse()
              .map(([name, value]) => pair(name, value)),
          ),
        )
      }),
    },
    {
      name: 'commit that is a list',
      code: malformed,
      car: underCommit(() => block(encode([1, 2, 3]).slice())),
    },
    {
      name: 'commit that is no CBOR',
      code: malformed,
      car: underCommit(() => block(rawBytes(0xff, 0xfe, 'no cbor'))),
    },
    {
      name: 'commit that is empty',
      code: malformed,
      alsoFine: ['repo.car-frame'],
      car: underCommit(() => block(new Uint8Array(0))),
    },
    { name: 'a record as the root', code: malformed, car: underCommit(() => smallRecord(9)) },
  ]
}
