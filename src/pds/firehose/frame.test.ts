import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat } from '../../core/bytes.ts'
import { CairnError } from '../../core/errors.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { decodeFrame, MAX_FRAME_BYTES } from './frame.ts'
import { eventFrame, frameOf } from './testing/firehose-server.ts'

const DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const CID = 'bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua'
const REV = '3kabcdefghijk'
const commit = {
  seq: 7,
  repo: DID,
  rev: REV,
  since: null,
  commit: { $link: CID },
  blocks: new Uint8Array(1000),
  ops: [{ action: 'delete', path: 'a.b.c/x', cid: null, prev: { $link: CID } }],
  prevData: { $link: CID },
  blobs: [],
  tooBig: false,
  rebase: false,
  time: 't',
}

describe('a frame', () => {
  it('of each kind is read', () => {
    expect(decodeFrame(frameOf({ op: 1, t: '#commit' }, commit))).toEqual({
      kind: 'commit',
      seq: 7,
      did: DID,
      rev: REV,
      since: undefined,
      commit: CID,
      ops: [{ action: 'delete', path: 'a.b.c/x', cid: undefined, prev: CID }],
      prevData: CID,
      blocks: new Uint8Array(1000),
      tooBig: false,
    })
    // From a server of before that: neither what was there, nor the tree before.
    const { blocks: _, prevData: __, ...old } = commit
    const ops = [{ action: 'create', path: 'a.b.c/x', cid: { $link: CID } }]
    expect(decodeFrame(frameOf({ op: 1, t: '#commit' }, { ...old, ops, tooBig: true }))).toMatchObject({
      ops: [{ action: 'create', path: 'a.b.c/x', cid: CID, prev: undefined }],
      prevData: undefined,
      blocks: new Uint8Array(),
      tooBig: true,
    })
    expect(
      decodeFrame(eventFrame('#sync', { seq: 1, did: DID, rev: REV, blocks: new Uint8Array() })),
    ).toEqual({
      kind: 'sync',
      seq: 1,
      did: DID,
      rev: REV,
    })
    expect(decodeFrame(eventFrame('#identity', { seq: 2, did: DID, handle: 'a.test' }))).toEqual({
      kind: 'identity',
      seq: 2,
      did: DID,
    })
    expect(
      decodeFrame(eventFrame('#account', { seq: 3, did: DID, active: false, status: 'takendown' })),
    ).toEqual({ kind: 'account', seq: 3, did: DID, active: false, status: 'takendown' })
    expect(decodeFrame(frameOf({ op: 1, t: '#info' }, { name: 'OutdatedCursor' }))).toEqual({
      kind: 'info',
      name: 'OutdatedCursor',
      message: undefined,
    })
    expect(decodeFrame(frameOf({ op: -1 }, { error: 'FutureCursor', message: 'ahead' }))).toEqual({
      kind: 'error',
      error: 'FutureCursor',
      message: 'ahead',
    })
    expect(decodeFrame(eventFrame('#tomorrow', { seq: 9 }))).toEqual({ kind: 'other', seq: 9 })
  })

  it('about someone else gives its place alone', () => {
    const frame = frameOf({ op: 1, t: '#commit' }, { ...commit, ops: 'not read' })
    expect(decodeFrame(frame, () => false)).toEqual({ kind: 'other', seq: 7 })
    expect(() => decodeFrame(frame)).toThrow('firehose.malformed')
  })

  it.each([
    ['nothing', new Uint8Array()],
    ['a header alone', encodeDagCbor({ op: 1, t: '#commit' })],
    ['a header that is no map', concat([encodeDagCbor([1]), encodeDagCbor(commit)])],
    ['an op that is none', frameOf({ op: 2, t: '#commit' }, commit)],
    ['no op', frameOf({ t: '#commit' }, commit)],
    ['bytes after it', concat([frameOf({ op: 1, t: '#commit' }, commit), new Uint8Array([0])])],
    ['a payload that is no map', frameOf({ op: 1, t: '#commit' }, [commit])],
    ['no repo', frameOf({ op: 1, t: '#commit' }, { ...commit, repo: 'alice' })],
    ['a rev that is none', frameOf({ op: 1, t: '#commit' }, { ...commit, rev: '1' })],
    ['a commit that is no link', frameOf({ op: 1, t: '#commit' }, { ...commit, commit: CID })],
    ['blocks that are no bytes', frameOf({ op: 1, t: '#commit' }, { ...commit, blocks: 'CAR' })],
    ['a tree before that is no link', frameOf({ op: 1, t: '#commit' }, { ...commit, prevData: CID })],
    ['a seq below zero', frameOf({ op: 1, t: '#commit' }, { ...commit, seq: -1 })],
    [
      'keys out of order',
      concat([new Uint8Array([0xa2, 0x62, 0x6f, 0x70, 1, 0x61, 0x74, 0x60]), encodeDagCbor({})]),
    ],
    ['too deep', frameOf({ op: 1, t: '#commit' }, { ...commit, blobs: deep(12) })],
  ])('with %s is malformed', (_name, bytes) => {
    expect(() => decodeFrame(bytes)).toThrow('firehose.malformed')
  })

  it('over the limit is refused unread', () => {
    expect(() => decodeFrame(new Uint8Array(MAX_FRAME_BYTES + 1))).toThrow('firehose.too-large')
  })

  it('that is anything is an event or a typed error', () => {
    const real = frameOf({ op: 1, t: '#commit' }, commit)
    fc.assert(
      fc.property(
        fc.nat(real.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.boolean(),
        (at, byte, cut) => {
          const bytes = real.slice(0, cut ? at : undefined)
          if (!cut) bytes[at] = byte
          try {
            decodeFrame(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(CairnError)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})

function deep(levels: number): unknown {
  return levels === 0 ? [] : [deep(levels - 1)]
}
