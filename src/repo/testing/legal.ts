import { encode } from '@atcute/cbor'
import { carBytes, joinBytes } from './car.ts'
import { cidOf, CODEC_RAW, compareBytes } from './cid.ts'
import { editRepo } from './edit.ts'
import { generateRepo } from './generate.ts'
import {
  asBytes,
  block,
  HOSTILE_DID,
  HOSTILE_KEY,
  HOSTILE_REV,
  type LegalCar,
  link,
  pathsOnLayer,
  rawBytes,
  smallRecord,
} from './hostile-craft.ts'
import { createPrng } from './prng.ts'
import { type BlockOrder, signRepo, type TestRepo } from './repo.ts'
import { keyLayer, walkNodes } from './tree.ts'

/** CARs that must be accepted, with every record in place. */
export function legalCars(): LegalCar[] {
  const repo = generateRepo({ seed: 'legal', records: 60, curve: 'p256' })
  const blocks = repo.blocks('preorder')
  const stranger = smallRecord(1234)
  const noise = createPrng('legal/noise').bytes(300)
  const extras = [
    stranger,
    block(noise),
    block(noise, CODEC_RAW),
    block(asBytes('plain text').slice()),
    block(rawBytes(0xa1)),
  ]
  const orders: BlockOrder[] = ['preorder', 'reversed', 'shuffled', 'revision']
  const like = (name: string, car: Uint8Array<ArrayBuffer>): LegalCar => legal(name, repo, car)
  return [
    ...orders.map((order) => like(`blocks in ${order} order`, joinBytes(repo.car(order)))),
    like('two roots, the second absent', carBytes([repo.commit, stranger.cid], blocks)),
    like(
      'two roots, the second a record of the repo',
      carBytes([repo.commit, blocks.at(-1)?.cid ?? repo.root], blocks),
    ),
    like(
      'extra blocks before and after, some no CBOR',
      carBytes([repo.commit], [...extras, ...blocks, ...extras]),
    ),
    like(
      'every block twice',
      carBytes(
        [repo.commit],
        blocks.flatMap((one) => [one, one]),
      ),
    ),
    like('the whole list of blocks twice', carBytes([repo.commit], [...blocks, ...blocks])),
    whole('a K-256 key', generateRepo({ seed: 'legal/k256', records: 30, curve: 'k256' })),
    whole('an empty repo', generateRepo({ seed: 'legal/empty', records: 0 })),
    whole('one record', generateRepo({ seed: 'legal/one', records: 1 })),
    whole('a commit of version 2', generateRepo({ seed: 'legal/v2', records: 20, version: 2 })),
    whole('prev is a CID', remake({ prev: stranger.cid })),
    ...sharedCids(),
    whole('one key five layers above the rest, with empty nodes between', tallTree()),
    ...oddRecords(),
  ]
}

/** Two paths with one CID, whose block comes once. */
function sharedCids(): LegalCar[] {
  const repo = generateRepo({ seed: 'legal/shared', records: 50 })
  const [first, middle, last] = [repo.records[0], repo.records[25], repo.records.at(-1)]
  const copies = editRepo(repo, {
    create: [
      { path: 'app.bsky.feed.post/aaaa', copyOf: last?.path ?? '' },
      { path: 'zz.example.copy/zzzz', copyOf: first?.path ?? '' },
    ],
    update: [{ path: middle?.path ?? '', copyOf: last?.path ?? '' }],
  })
  const same = generateRepo({ seed: 'legal/same', records: 0 })
  const many = editRepo(same, {
    create: Array.from({ length: 40 }, (_, i) => ({
      path: `app.example.same/k${i}`,
      bytes: smallRecord(1).bytes,
    })),
  })
  return [
    whole('two keys with one CID, the block once', copies),
    legal('two keys with one CID, the block once, in key order', copies, joinBytes(copies.car('preorder'))),
    whole('forty keys with one CID', many),
  ]
}

/** Records that tempt a reader to take them for something else. */
function oddRecords(): LegalCar[] {
  const base = generateRepo({ seed: 'legal/odd', records: 24 })
  const leaf = [...walkNodes(base.tree)].at(-1)
  const withBytes = (name: string, bytes: Uint8Array): LegalCar => {
    const edited = editRepo(base, { create: [{ path: 'com.example.odd/thing', bytes }] })
    return whole(name, edited)
  }
  const deep = (depth: number): unknown => (depth === 0 ? null : [deep(depth - 1)])
  return [
    withBytes('a record shaped like a tree node', encode({ e: [], l: null }).slice()),
    withBytes('a record that begins like a tree node', encode({ e: 1, l: 'not one' }).slice()),
    withBytes('a record with the very bytes of a node of its tree', nodeOfItsOwnTree(base, leaf?.bytes)),
    withBytes("a record with the bytes of the repo's earlier commit", base.commitBytes),
    withBytes('a record nested 30 deep', encode({ $type: 'com.example.odd', deep: deep(29) }).slice()),
    withBytes('a record of 990 KB', encode({ $type: 'com.example.odd', text: '石'.repeat(330_000) }).slice()),
    withBytes('a record of no fields', encode({}).slice()),
    withBytes('links of both codecs, bytes, null, large and negative integers', encode(everyKind()).slice()),
    withBytes('map keys beyond ASCII', encode({ é: 1, 石: 2, '🪨': 3, $type: 'com.example.odd' }).slice()),
  ]
}

/** A leaf that stays as it is when `com.example.odd/thing` joins the tree is a node of the new tree too. */
function nodeOfItsOwnTree(base: TestRepo, leaf: Uint8Array | undefined): Uint8Array {
  if (leaf === undefined) throw new RangeError('a tree without nodes')
  for (const candidate of walkNodes(base.tree)) {
    const edited = editRepo(base, { create: [{ path: 'com.example.odd/thing', bytes: candidate.bytes }] })
    if ([...walkNodes(edited.tree)].some((one) => compareBytes(one.cid, candidate.cid) === 0))
      return candidate.bytes
  }
  throw new RangeError('no node survives the edit')
}

function everyKind(): Record<string, unknown> {
  return {
    $type: 'com.example.odd',
    link: link(smallRecord(5).cid),
    blob: link(cidOf(asBytes('blob'), CODEC_RAW)),
    bytes: { $bytes: '' },
    none: null,
    most: Number.MAX_SAFE_INTEGER,
    least: Number.MIN_SAFE_INTEGER,
    yes: true,
    no: false,
    empty: {},
    list: [],
    text: '',
  }
}

/** A tree whose top key is so high that whole layers below it hold no key. */
function tallTree(): TestRepo {
  const low = pathsOnLayer(0, 3)
  const [high = ''] = pathsOnLayer(5, 1)
  const after = pathsOnLayer(0, 2, 900_000)
  return remake({ paths: [...low, high, ...after].sort(), minimumLayer: 5 })
}

/** A small repo by hand, by the hostile cases' account. */
function remake(parts: { prev?: Uint8Array; paths?: readonly string[]; minimumLayer?: number }): TestRepo {
  const paths = parts.paths ?? pathsOnLayer(0, 5)
  const records = paths.map((path, i) => ({ path, ...smallRecord(i), rev: HOSTILE_REV }))
  const repo = signRepo({
    did: HOSTILE_DID,
    handle: 'legal.example.com',
    key: HOSTILE_KEY,
    rev: HOSTILE_REV,
    records,
    seed: 'legal/hand',
    order: 'preorder',
    prev: parts.prev ?? null,
  })
  if (
    parts.minimumLayer !== undefined &&
    !paths.some((path) => keyLayer(path) >= (parts.minimumLayer ?? 0))
  ) {
    throw new RangeError('the tree is not as tall as wanted')
  }
  return repo
}

function whole(name: string, repo: TestRepo): LegalCar {
  return legal(name, repo, joinBytes(repo.car()))
}

function legal(name: string, repo: TestRepo, car: Uint8Array<ArrayBuffer>): LegalCar {
  const records = repo.records.map(({ path, bytes }) => ({ path, bytes }))
  return { name, car, did: repo.did, didKey: repo.didKey, records, root: repo.root, commit: repo.commit }
}
