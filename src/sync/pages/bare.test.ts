import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { checkEach } from '../../core/hash.ts'
import { createLanes } from '../../core/sha256-lanes.ts'
import { encodeMessage } from '../../net/messages.ts'
import { generateRepo } from '../../repo/testing/generate.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import { askedBlocks } from './asked-blocks.ts'
import { buildBare, readBare } from './bare.ts'
import { blocksIn, buildFragment, type FragmentBlock, readFragment } from './fragment.ts'
import { MAX_FRAME_BYTES } from './protocol.ts'

const digests = checkEach(sha256)
const blockOf = (bytes: Uint8Array): FragmentBlock => ({ digest: sha256(bytes), bytes })
const blocksOf = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }).map(blockOf), { maxLength: 20 })
const repeated = (length: number, count: number): Uint8Array =>
  buildBare(
    Array.from({ length: count }, () => ({ digest: new Uint8Array(), bytes: new Uint8Array(length) })),
  )

/** Takes every block under these digests. */
function takeAll(bytes: Uint8Array, blocks: readonly FragmentBlock[], check = digests): Uint8Array {
  const asked = askedBlocks(bytes, true, undefined)
  for (const it of blocks) asked.next(it.digest, 'repo.record-missing')
  asked.check(check)
  expect(asked.left).toBe(0)
  return asked.fragment
}

describe('bare blocks', () => {
  it('are asked for and written as documented', () => {
    const ask = { type: 'page', did: 'did:plc:ewvi7nxzyoun6zhxrhs64oiz', maxBytes: 1_048_576, bare: true }
    expect(toHex(encodeMessage(ask))).toBe(
      'a46364696478206469643a706c633a65777669376e787a796f756e367a687872687336346f697a6462617265f5' +
        '64747970656470616765686d617842797465731a00100000',
    )
    const block = blockOf(Uint8Array.of(0xa1, 0x61, 0x61, 0x01))
    expect(toHex(buildBare([block, block]))).toBe('04a161610104a1616101')
  })

  it('become the frames that they would have come as', async () => {
    const lanes = await createLanes()
    if (lanes === undefined) throw new Error('no lanes')
    fc.assert(
      fc.property(blocksOf, (blocks) => {
        const bare = buildBare(blocks)
        const frames = buildFragment(blocks)
        expect(bare.length).toBeLessThanOrEqual(frames.length - blocks.length * 36)
        expect(takeAll(bare, blocks)).toEqual(frames)
        // A view into more, hashed many at a time.
        const within = new Uint8Array(bare.length + 20).fill(9)
        within.set(bare, 7)
        const view = within.subarray(7, 7 + bare.length)
        expect(takeAll(view, blocks, lanes.check)).toEqual(frames)
        expect(readFragment(takeAll(Buffer.from(bare), blocks), digests)).toHaveLength(blocks.length)
      }),
    )
    const repo = generateRepo({ seed: 'bare', records: 200 })
    const blocks = repo.blocks('preorder').map((it) => ({ digest: it.cid.subarray(4), bytes: it.bytes }))
    expect(takeAll(buildBare(blocks), blocks)).toEqual(buildFragment(blocks))
  })

  it('of which any bit is another, or that come under the digest of another, are refused', () => {
    fc.assert(
      fc.property(blocksOf, fc.nat(), (blocks, pick) => {
        const bare = buildBare(blocks)
        if (bare.length === 0) return
        const at = pick % bare.length
        const flipped = bare.with(at, (bare[at] ?? 0) ^ (1 << (pick % 8)))
        expect(() => {
          const asked = askedBlocks(flipped, true, undefined)
          for (const it of blocks) if (asked.next(it.digest, 'repo.record-missing') === undefined) break
          // Blocks may be split anew only so that one hashes wrong, or lacks, or is left.
          asked.check(digests)
          if (asked.left > 0 || asked.fragment.length !== buildFragment(blocks).length)
            throw Object.assign(new Error('other blocks'), { code: 'repo.other' })
        }).toThrow(expect.objectContaining({ code: expect.stringMatching(/^repo\./) as string }))
        const other = [...blocks.slice(0, -1), blockOf(Uint8Array.of(1, 2, 3, pick & 0xff))]
        const last = blocks.at(-1)
        if (last !== undefined && Buffer.compare(last.digest, other.at(-1)?.digest ?? last.digest) !== 0)
          expect(() => takeAll(bare, other)).toThrow(expect.objectContaining({ code: 'repo.bad-hash' }))
      }),
    )
  })

  it.each([
    ['a block that is cut', 'repo.car-truncated', Uint8Array.of(3, 1, 2)],
    ['a length that is cut', 'repo.car-truncated', Uint8Array.of(1, 1, 0x80)],
    ['a length that is not the shortest', 'repo.car-frame', Uint8Array.of(0x81, 0x00, 1)],
    ['an empty block', 'repo.car-frame', Uint8Array.of(1, 1, 0)],
    ['a length beyond every number', 'repo.car-frame', new Uint8Array(12).fill(0xff)],
    ['a block above the limit', 'repo.block-too-large', Uint8Array.of(0x81, 0x80, 0x80, 0x01, 1)],
    ['more blocks than an answer may hold', 'repo.car-frame', repeated(1, 90_000)],
  ] as const)('with %s are refused (%s)', (_what, code, bytes) => {
    expect(() => readBare(bytes)).toThrow(expect.objectContaining({ code }))
  })

  it('take no more room than an answer with CIDs', () => {
    expect(readBare(repeated(1, 82_000)).bytes.length).toBeLessThanOrEqual(MAX_FRAME_BYTES)
    expect(blocksIn(readBare(new Uint8Array()))).toEqual([])
  })
})
