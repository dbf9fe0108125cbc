import { encode, toBytes } from '@atcute/cbor'
import { CidLinkWrapper } from '@atcute/cid'
import { carBytes, joinBytes, type TestBlock } from './car.ts'
import { cidOf, CODEC_DAG_CBOR } from './cid.ts'
import { createTestDid, createTestKey, type TestKey } from './keys.ts'
import { createPrng } from './prng.ts'
import { keyLayer } from './tree.ts'

/** A CAR that must be refused. */
export interface HostileCar {
  readonly name: string
  /** the error code it must be refused with */
  readonly code: string
  /** other codes that name the same fault as well, where two rules are broken by one thing */
  readonly alsoFine?: readonly string[]
  readonly car: Uint8Array<ArrayBuffer>
  /** whose repo is expected, and the key that its document names */
  readonly did: string
  readonly didKey: `did:key:${string}`
}

/** A CAR that looks odd and must be accepted. */
export interface LegalCar {
  readonly name: string
  readonly car: Uint8Array<ArrayBuffer>
  readonly did: string
  readonly didKey: `did:key:${string}`
  /** every path in it, ascending, with the record's bytes */
  readonly records: readonly { readonly path: string; readonly bytes: Uint8Array }[]
  readonly root: Uint8Array
  readonly commit: Uint8Array
}

/** What a case has to say; who signs is added by {@link refuse}. */
export interface HostileCase {
  readonly name: string
  readonly code: string
  readonly alsoFine?: readonly string[]
  readonly car: Uint8Array<ArrayBuffer>
  readonly didKey?: `did:key:${string}`
}

/** The account that all hand-made cases belong to. */
export const HOSTILE_DID = createTestDid(createPrng('hostile/did'))
export const HOSTILE_KEY: TestKey = createTestKey(createPrng('hostile/key'), 'k256')
export const HOSTILE_KEY_P256: TestKey = createTestKey(createPrng('hostile/key'), 'p256')
export const HOSTILE_REV = '3lzzzzzzzzz22'

export function refuse(cases: readonly HostileCase[]): HostileCar[] {
  return cases.map((one) => ({ did: HOSTILE_DID, didKey: HOSTILE_KEY.didKey, ...one }))
}

export function block(bytes: Uint8Array, codec = CODEC_DAG_CBOR): TestBlock {
  return { cid: cidOf(bytes, codec), bytes }
}

export function link(cid: Uint8Array): CidLinkWrapper {
  return new CidLinkWrapper(cid)
}

/** A small sound record; different numbers give different ones. */
export function smallRecord(number: number): TestBlock {
  return block(
    encode({
      $type: 'app.bsky.feed.post',
      text: `record ${number}`,
      createdAt: '2026-01-02T03:04:05.678Z',
    }).slice(),
  )
}

export interface RawEntry {
  readonly p: unknown
  readonly k: Uint8Array | string
  readonly v: Uint8Array
  readonly t?: Uint8Array | null
}

const encoder = new TextEncoder()

export function asBytes(text: Uint8Array | string): Uint8Array {
  return typeof text === 'string' ? encoder.encode(text) : text
}

/** A tree node exactly as told: nothing is sorted, compressed or checked. */
export function rawNode(entries: readonly RawEntry[], left: Uint8Array | null = null): TestBlock {
  const e = entries.map(({ p, k, v, t }) => ({
    k: toBytes(asBytes(k)),
    p,
    t: t === undefined || t === null ? null : link(t),
    v: link(v),
  }))
  return block(encode({ e, l: left === null ? null : link(left) }).slice())
}

export interface KeyedEntry {
  readonly path: string
  readonly v: Uint8Array
  readonly t?: Uint8Array | null
}

/** A node with right prefix compression over these paths in the order given, right or wrong. */
export function node(entries: readonly KeyedEntry[], left: Uint8Array | null = null): TestBlock {
  let previous = ''
  const raw = entries.map(({ path, v, t }) => {
    let p = 0
    while (p < previous.length && p < path.length && previous[p] === path[p]) p++
    previous = path
    return { p, k: path.slice(p), v, t: t ?? null }
  })
  return rawNode(raw, left)
}

/** Ascending paths whose hashes put them on this layer. */
export function pathsOnLayer(layer: number, count: number, from = 0): string[] {
  const found: string[] = []
  // a layer is four times rarer than the one below it
  for (let i = from; found.length < count && i < from + count * 4 ** (layer + 4); i++) {
    const path = `app.bsky.feed.post/k${i.toString(36).padStart(6, '0')}`
    if (keyLayer(path) === layer) found.push(path)
  }
  return found
}

export interface CommitParts {
  /** fields to put over the sound ones; undefined takes a field away */
  readonly fields?: Record<string, unknown>
  readonly key?: TestKey
  /** makes the signature from the unsigned bytes; by default the key's low-S one */
  readonly sign?: (unsigned: Uint8Array, key: TestKey) => Uint8Array
}

/** A signed commit over a root; all that is not overridden is sound. */
export function commitBlock(root: Uint8Array, parts: CommitParts = {}): TestBlock {
  const { key = HOSTILE_KEY, sign = (unsigned, signer) => signer.sign(unsigned) } = parts
  const fields = {
    did: HOSTILE_DID,
    version: 3,
    data: link(root),
    rev: HOSTILE_REV,
    prev: null,
    ...parts.fields,
  }
  const sig = sign(encode(fields), key)
  return block(encode({ ...fields, sig: toBytes(sig) }).slice())
}

/** A CAR with a sound commit over `root` and these blocks; the root node must be among them. */
export function signedCar(root: TestBlock, rest: readonly TestBlock[]): Uint8Array<ArrayBuffer> {
  const commit = commitBlock(root.cid)
  return carBytes([commit.cid], [commit, root, ...rest])
}

/** A repo of one record at a path that need not be valid. */
export function oneRecordCar(path: Uint8Array | string, record: TestBlock): Uint8Array<ArrayBuffer> {
  return signedCar(rawNode([{ p: 0, k: path, v: record.cid }]), [record])
}

/** CBOR by hand: numbers are bytes, strings ASCII text as it stands, arrays spliced in. */
export function rawBytes(...parts: readonly (number | string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  return joinBytes(parts.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : asBytes(part))))
}
