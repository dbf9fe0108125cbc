import { encode, fromBytes, toBytes, type Bytes } from '@atcute/cbor'
import { decode } from '@atcute/cbor'
import { fromUint8Array } from '@atcute/car'
import { carBytes } from '../src/repo/testing/car.ts'
import { cidOf, cidText } from '../src/repo/testing/cid.ts'
import type { Pds } from './pds/client.ts'

/** The CAR that the real PDS serves now. */
export async function fetchCar(pds: Pds, did: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(`${pds.url}/xrpc/com.atproto.sync.getRepo?did=${encodeURIComponent(did)}`)
  if (!response.ok) throw new Error(`getRepo: ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}

interface Block {
  readonly cid: Uint8Array
  readonly bytes: Uint8Array
}

export function readCar(car: Uint8Array): { root: string; blocks: Block[] } {
  const reader = fromUint8Array(car)
  const blocks = [...reader].map(({ cid, bytes }) => ({
    cid: new Uint8Array(cid.bytes),
    bytes: new Uint8Array(bytes),
  }))
  return { root: reader.roots[0]?.$link ?? '', blocks }
}

/** The root of the tree that a CAR's commit signs. */
export function dataRoot(car: Uint8Array): string {
  return (commitOf(car).fields['data'] as { $link: string }).$link // `data` is a link by the repository spec
}

function commitOf(car: Uint8Array): { fields: Record<string, unknown>; at: number; blocks: Block[] } {
  const { root, blocks } = readCar(car)
  const at = blocks.findIndex(({ cid }) => cidText(cid) === root)
  const commit = blocks[at]
  if (commit === undefined) throw new Error('no commit')
  return { fields: decode(commit.bytes) as Record<string, unknown>, at, blocks } // a commit is a map
}

/** The same CAR with one bit of its signature turned, and hashes that fit: only the key can tell. */
export function forgeSignature(car: Uint8Array): Uint8Array<ArrayBuffer> {
  const { fields, at, blocks } = commitOf(car)
  const signature = new Uint8Array(fromBytes(fields['sig'] as Bytes)) // bytes by the repository spec
  signature[10] = (signature[10] ?? 0) ^ 1
  const bytes = encode({ ...fields, sig: toBytes(signature) }).slice()
  const commit = { cid: cidOf(bytes), bytes }
  return carBytes(
    [commit.cid],
    blocks.map((block, i) => (i === at ? commit : block)),
  )
}
