import { encode } from '@atcute/cbor'
import { createRaw, parse } from '@atcute/tid'
import { cidOf, cidText } from './cid.ts'
import { createTestDid, createTestKey, type Curve } from './keys.ts'
import { createPrng, type Prng } from './prng.ts'
import { createRecordMaker } from './records.ts'
import { type BlockOrder, signRepo, type TestRecord, type TestRepo } from './repo.ts'

export interface GenerateOptions {
  readonly seed: number | string
  /** how many records; 0 gives the empty repo */
  readonly records: number
  /** default `k256`, what most accounts have */
  readonly curve?: Curve
  /** default `revision`, what the reference PDS sends */
  readonly order?: BlockOrder
  /** bytes of the full CAR over records, tree included; default 357, as in real repos */
  readonly meanBytes?: number
  /** a commit's `version`; 2 was written until 2023 */
  readonly version?: 2 | 3
}

/** When the made-up account was opened and when it last wrote. */
const OPENED = Date.UTC(2023, 4, 1)
const LAST_WRITE = Date.UTC(2026, 9, 1)
/** CAR bytes per record that are not the record: framing (38), tree entry and its share of nodes (91). */
const TREE_BYTES = 129
/** Records tried to learn how long posts must be for the wanted mean: as many as are wanted, between these. */
const CALIBRATION = { least: 200, most: 3000 }
const SOME_CID = cidOf(new Uint8Array(0))
/** Records that one bulk write (an import, a list) commits at once. */
const BULK = 100

/**
 * A realistic signed repo: the same options give the same bytes on every host. 100,000 records are
 * about 35.7 MB of CAR and 126,000 blocks; 300,000 need about 0.5 GB of memory.
 */
export function generateRepo(options: GenerateOptions): TestRepo {
  const { seed, records: count, curve = 'k256', order = 'revision', meanBytes = 357 } = options
  const prng = createPrng(`repo/${seed}`)
  const did = createTestDid(prng.fork('did'))
  const key = createTestKey(prng.fork(`key/${curve}`), curve)
  const handle = `test-${String(seed)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')}.example.com`
  const tried = Math.min(CALIBRATION.most, Math.max(CALIBRATION.least, count))
  const textBytes = postTextBytes(prng.fork('calibrate'), did, meanBytes - TREE_BYTES, tried)
  const records = makeRecords(prng.fork('records'), did, count, textBytes)
  const newest = records.reduce(
    (rev, record) => (record.rev > rev ? record.rev : rev),
    tidAt(LAST_WRITE * 1000, 0),
  )
  records.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  const version = options.version ?? 3
  return signRepo({ did, handle, key, rev: newest, records, seed, order, version })
}

/** A TID: microseconds since 1970 and a clock id of 10 bits. */
function tidAt(micros: number, clockId: number): string {
  return createRaw(micros, clockId)
}

/** The least TID of the same clock that comes `micros` after another. */
export function tidAfter(tid: string, micros = 1): string {
  const { timestamp, clockid } = parse(tid)
  return createRaw(timestamp + micros, clockid)
}

function makeRecords(
  prng: Prng,
  did: string,
  count: number,
  textBytes: number,
  nameOf: (bytes: Uint8Array) => Uint8Array<ArrayBuffer> = cidOf,
): TestRecord[] {
  const maker = createRecordMaker(prng, did)
  const step = ((LAST_WRITE - OPENED) * 1000) / Math.max(1, count)
  const clock = prng.int(1024)
  const out: TestRecord[] = []
  let rev = ''
  let bulkLeft = 0
  for (let i = 0; i < count; i++) {
    const micros = Math.floor(OPENED * 1000 + (i + 0.9 * prng.float()) * step)
    const draft = maker.make(i, new Date(micros / 1000), textBytes)
    const tid = tidAt(micros, clock)
    // about a tenth of the records arrive in bulk writes and share their commit's rev
    if (bulkLeft > 0) bulkLeft--
    else {
      rev = tidAt(micros, 0)
      if (prng.chance(0.001)) bulkLeft = BULK - 1
    }
    const path = `${draft.collection}/${draft.rkey ?? tid}`
    const bytes = encode(draft.value).slice()
    const cid = nameOf(bytes)
    if (draft.collection === 'app.bsky.feed.post')
      maker.remember({ uri: `at://${did}/${path}`, cid: cidText(cid) })
    out.push({ path, cid, bytes, rev })
  }
  return out
}

/** Mean text length of a post that gives records of this mean size. */
function postTextBytes(prng: Prng, did: string, wantedMean: number, tried: number): number {
  const meanAt = (textBytes: number): number => {
    // Every CID is as long as any other, and nothing else of it counts here.
    const sample = makeRecords(prng.fork('sample'), did, tried, textBytes, () => SOME_CID)
    return sample.reduce((sum, record) => sum + record.bytes.length, 0) / tried
  }
  const low = meanAt(20)
  const high = meanAt(220)
  const slope = (high - low) / 200
  return Math.max(0, Math.round(20 + (wantedMean - low) / slope))
}
