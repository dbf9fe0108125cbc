import { encode } from '@atcute/cbor'
import { carBytes, carFrame, carHeader, joinBytes, type TestBlock, varint } from './car.ts'
import { generateRepo } from './generate.ts'
import { asBytes, block, type HostileCase, link, rawBytes, smallRecord } from './hostile-craft.ts'
import { createPrng } from './prng.ts'
import type { TestRepo } from './repo.ts'

const TRUNCATED = 'repo.car-truncated'
const HEADER = 'repo.car-header'
const FRAME = 'repo.car-frame'
const CID = 'repo.cid-unsupported'
const HASH = 'repo.bad-hash'

interface Signed extends HostileCase {
  readonly did: string
  readonly didKey: `did:key:${string}`
}

/** Files that were cut, lied about or damaged on their way; what is left of each is a sound repo's. */
export function hostileFiles(): Signed[] {
  const repo = generateRepo({ seed: 'hostile/file', records: 40, curve: 'p256', order: 'preorder' })
  const cases = [...cutShort(repo), ...badHeaders(repo), ...badFrames(repo), ...tampered(repo)]
  return cases.map((one) => ({ ...one, did: repo.did, didKey: repo.didKey }))
}

function cutShort(repo: TestRepo): HostileCase[] {
  const whole = joinBytes(repo.car())
  const header = carHeader([repo.commit]).length
  const frames = repo.blocks().map((one) => carFrame(one).length)
  const commitEnd = header + (frames[0] ?? 0)
  const lastFrame = whole.length - (frames.at(-1) ?? 0)
  const cut = (name: string, code: string, at: number): HostileCase => ({
    name,
    code,
    car: whole.slice(0, at),
  })
  const prng = createPrng('hostile/cuts')
  const starts = new Set<number>([header])
  let offset = header
  for (const length of frames) starts.add((offset += length))
  const anywhere: HostileCase[] = []
  while (anywhere.length < 24) {
    const at = prng.int(whole.length)
    // a cut between two frames looks like a CAR that lacks blocks, and is a case of its own
    if (!starts.has(at)) anywhere.push(cut(`cut at byte ${at}`, TRUNCATED, at))
  }
  return [
    cut('an empty file', TRUNCATED, 0),
    cut('cut after one byte', TRUNCATED, 1),
    cut('cut inside the header', TRUNCATED, 20),
    cut('cut after the header', 'repo.no-root', header),
    cut("cut inside a frame's length", TRUNCATED, header + 1),
    cut("cut inside a frame's CID", TRUNCATED, header + 10),
    cut('cut after the commit', 'repo.node-missing', commitEnd),
    cut('cut before the last block', 'repo.record-missing', lastFrame),
    cut('cut before the last byte', TRUNCATED, whole.length - 1),
    ...anywhere,
  ]
}

function badHeaders(repo: TestRepo): HostileCase[] {
  const frames = joinBytes(repo.blocks().map(carFrame))
  const under = (
    name: string,
    code: string,
    header: Uint8Array,
    alsoFine?: readonly string[],
  ): HostileCase => ({
    name,
    code,
    ...(alsoFine === undefined ? {} : { alsoFine }),
    car: joinBytes([varint(header.length), header, frames]),
  })
  const roots = [link(repo.commit)]
  const sound = encode({ version: 1, roots })
  const absent = smallRecord(77)
  return [
    under('a header of random bytes', HEADER, createPrng('hostile/header').bytes(58)),
    under('a header of no bytes', HEADER, new Uint8Array(0)),
    under('a header that is a list', HEADER, encode([1, roots])),
    under('a header without roots', HEADER, encode({ version: 1 })),
    under('a header whose roots are text', HEADER, encode({ version: 1, roots: ['bafy'] })),
    under('a header without version', HEADER, encode({ roots }), ['repo.car-version']),
    under('a header with bytes after it', HEADER, rawBytes(sound, 0)),
    under('a header that names no root', 'repo.no-root', encode({ version: 1, roots: [] })),
    under('CAR version 2', 'repo.car-version', encode({ version: 2, roots })),
    under('the CAR version 2 pragma', 'repo.car-version', rawBytes(0xa1, 0x67, 'version', 2), [HEADER]),
    {
      name: 'a header of a thousand gigabytes',
      code: HEADER,
      alsoFine: [TRUNCATED, FRAME],
      car: joinBytes([varint(2 ** 40), sound, frames]),
    },
    {
      name: 'a header length of eleven bytes',
      code: HEADER,
      alsoFine: [FRAME],
      car: rawBytes(...Array.from({ length: 10 }, () => 0x80), 1, sound, frames),
    },
    {
      name: 'an HTML page',
      code: HEADER,
      alsoFine: [TRUNCATED],
      car: asBytes(`<!doctype html><title>502 Bad Gateway</title>${'<p>Try again.'.repeat(20)}`).slice(),
    },
    {
      name: 'a JSON error',
      code: TRUNCATED,
      alsoFine: [HEADER],
      car: asBytes('{"error":"RepoNotFound","message":"Could not find repo"}').slice(),
    },
    {
      name: 'a root whose block is not there',
      code: 'repo.no-root',
      car: carBytes([absent.cid], repo.blocks()),
    },
    {
      name: 'a tree node as the root',
      code: 'repo.commit-malformed',
      car: carBytes([repo.root], repo.blocks()),
    },
  ]
}

function badFrames(repo: TestRepo): HostileCase[] {
  const header = carHeader([repo.commit])
  const blocks = repo.blocks()
  const all = blocks.map(carFrame)
  const whole = joinBytes([header, ...all])
  /** the frame of block `index` replaced */
  const framed = (index: number, frame: Uint8Array): Uint8Array<ArrayBuffer> =>
    joinBytes([header, ...all.map((sound, i) => (i === index ? frame : sound))])
  const lengthOf = (index: number): number =>
    (blocks[index]?.cid.length ?? 0) + (blocks[index]?.bytes.length ?? 0)
  const body = (index: number): Uint8Array =>
    joinBytes([blocks[index]?.cid ?? header, blocks[index]?.bytes ?? header])
  const last = blocks.length - 1
  /** one more block, whose CID is written by hand */
  const withCid = (name: string, cid: Uint8Array): HostileCase => ({
    name,
    code: CID,
    alsoFine: [FRAME],
    car: joinBytes([whole, varint(cid.length + 3), cid, rawBytes('abc')]),
  })
  const digest = createPrng('hostile/digest').bytes(64)
  return [
    { name: 'a zero byte after the end', code: FRAME, car: rawBytes(whole, 0) },
    { name: 'text after the end', code: TRUNCATED, alsoFine: [FRAME, CID], car: rawBytes(whole, 'garbage') },
    {
      name: 'ones after the end',
      code: FRAME,
      alsoFine: ['repo.block-too-large'],
      car: rawBytes(whole, new Uint8Array(64).fill(255)),
    },
    {
      name: 'a block length one too large',
      code: HASH,
      // what follows is no length: whoever reads on before hashing the block sees that first
      alsoFine: [FRAME],
      car: framed(3, joinBytes([varint(lengthOf(3) + 1), body(3)])),
    },
    {
      name: 'a block length one too small',
      code: HASH,
      car: framed(3, joinBytes([varint(lengthOf(3) - 1), body(3)])),
    },
    {
      name: 'the last length one too large',
      code: TRUNCATED,
      car: framed(last, joinBytes([varint(lengthOf(last) + 1), body(last)])),
    },
    {
      name: 'a frame shorter than a CID',
      code: FRAME,
      alsoFine: [CID],
      car: framed(3, joinBytes([varint(10), body(3)])),
    },
    {
      name: 'a frame of eight thousand million bytes',
      code: 'repo.block-too-large',
      alsoFine: [FRAME],
      car: framed(3, joinBytes([varint(2 ** 33), body(3)])),
    },
    {
      name: 'a frame length of eleven bytes',
      code: FRAME,
      car: framed(3, rawBytes(...Array.from({ length: 10 }, () => 0x80), 1, body(3))),
    },
    {
      name: 'a frame length in long form',
      code: FRAME,
      car: framed(3, rawBytes(0x80 | (lengthOf(3) & 0x7f), 0x80 | (lengthOf(3) >> 7), 0, body(3))),
    },
    withCid('a CID of version 0', rawBytes(0x12, 32, digest.subarray(0, 32))),
    withCid('a CID of version 2', rawBytes(2, 0x71, 0x12, 32, digest.subarray(0, 32))),
    withCid('a CID of another codec', rawBytes(1, 0x70, 0x12, 32, digest.subarray(0, 32))),
    withCid('a CID of SHA-512', rawBytes(1, 0x71, 0x13, 64, digest)),
    withCid('a CID of the identity hash', rawBytes(1, 0x71, 0, 32, digest.subarray(0, 32))),
    withCid('a CID with a short digest', rawBytes(1, 0x71, 0x12, 20, digest.subarray(0, 32))),
  ]
}

function tampered(repo: TestRepo): HostileCase[] {
  const blocks = repo.blocks()
  const change = (name: string, index: number): HostileCase => ({
    name,
    code: HASH,
    car: carBytes(
      [repo.commit],
      blocks.map((one, i) => (i === index ? { cid: one.cid, bytes: oneBitOff(one.bytes) } : one)),
    ),
  })
  const isNode = (one: TestBlock): boolean =>
    one.bytes[0] === 0xa2 && one.bytes[1] === 0x61 && one.bytes[2] === 0x65
  const record = blocks.findIndex((one, i) => i > 0 && !isNode(one))
  const node = blocks.findLastIndex(isNode)
  const swapped = blocks.map((one, i) => ({ cid: one.cid, bytes: blocks[i ^ 1]?.bytes ?? one.bytes }))
  return [
    change('a tampered record', record),
    change('a tampered node', node),
    change('a tampered root node', 1),
    change('a tampered commit', 0),
    change('a tampered last block', blocks.length - 1),
    { name: 'blocks under each other’s CIDs', code: HASH, car: carBytes([repo.commit], swapped) },
    {
      name: 'an extra block that does not hash to its CID',
      code: HASH,
      car: carBytes(
        [repo.commit],
        [...blocks, { cid: block(asBytes('one').slice()).cid, bytes: asBytes('two') }],
      ),
    },
  ]
}

function oneBitOff(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice()
  const at = out.length - 1
  out[at] = (out[at] ?? 0) ^ 1
  return out
}
