import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR, CODEC_RAW } from '../../core/cid.ts'
import { sha256 } from '../../pack/testing/sha256.ts'
import { encodeDagCbor } from '../cbor/encode.ts'
import { createTestKey } from '../testing/keys.ts'
import { createPrng } from '../testing/prng.ts'
import { createBlake3Xof } from './blake3.ts'
import {
  parseSpaceCommit,
  signSpaceCommit,
  type SpaceCommitFields,
  spaceCommitCid,
  verifySpaceCommit,
} from './commit.ts'
import { SpaceError } from './errors.ts'
import { createLtHash, LTHASH_BYTES } from './lthash.ts'
import { formatSpaceRepo, parseSpace, parseSpaceRepo, spaceRepoOf } from './uri.ts'

/** `vitest -u` writes them anew; a change of what is there is a change of the format. */
const fileOf = (name: string): string => join(import.meta.dirname, 'vectors', `${name}.json`)

const xof = await createBlake3Xof()
const ltHash = createLtHash(xof)
const cidOf = (text: string): string => cidString(CODEC_DAG_CBOR, sha256(utf8(text)))
const ELEMENTS = [
  ['app.cairn.sealed/a', cidOf('one')],
  ['app.cairn.sealed/b', cidOf('two')],
  ['app.bsky.feed.post/3kabc', cidOf('one')],
] as const

describe('LtHash', () => {
  it('gives the states of the committed vectors', async () => {
    const states = [[], ...ELEMENTS.map((_, n) => ELEMENTS.slice(0, n + 1))].map((elements) => {
      const state = ltHash.empty()
      for (const [path, cid] of elements) ltHash.add(state, path, cid)
      return {
        elements: elements.map(([path, cid]) => `${path}/${cid}`),
        first64: toHex(state.subarray(0, 64)),
        last64: toHex(state.subarray(-64)),
        hash: toHex(sha256(state)),
      }
    })
    await expect(`${JSON.stringify(states, null, 1)}\n`).toMatchFileSnapshot(fileOf('lthash'))
  })

  it('has the output of BLAKE3 that its authors published', () => {
    // Input of one byte 0x00, from the official test vectors: the beginning of the extended output.
    expect(toHex(xof(new Uint8Array(1)).subarray(0, 48))).toBe(
      '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213c3a6cb8bf623e20cdb535f8d1a5ffb86',
    )
  })

  it('is the same in any order, and without what was taken out again', () => {
    const element = fc.tuple(fc.nat(50), fc.nat(5)).map(([a, b]) => [`a.b.c/${a}`, cidOf(`${b}`)] as const)
    fc.assert(
      fc.property(fc.array(element, { maxLength: 12 }), fc.array(element, { maxLength: 6 }), (kept, gone) => {
        const plain = ltHash.empty()
        for (const [path, cid] of kept) ltHash.add(plain, path, cid)
        const other = ltHash.empty()
        for (const [path, cid] of gone) ltHash.add(other, path, cid)
        for (const [path, cid] of kept.toReversed()) ltHash.add(other, path, cid)
        for (const [path, cid] of gone) ltHash.remove(other, path, cid)
        expect(toHex(other)).toBe(toHex(plain))
      }),
    )
  })

  it('adds lanes of 16 bits that wrap', () => {
    const ones = createLtHash(() => new Uint8Array(LTHASH_BYTES).fill(0xff))
    const state = ones.empty()
    ones.add(state, 'a', 'b')
    ones.add(state, 'a', 'b')
    expect(toHex(state.subarray(0, 4))).toBe('fefffeff')
    ones.remove(state, 'a', 'b')
    ones.remove(state, 'a', 'b')
    ones.remove(state, 'a', 'b')
    expect(toHex(state.subarray(0, 4))).toBe('01000100')
  })
})

const key = createTestKey(createPrng(7), 'p256')
const signer = { id: key.didKey, sign: async (bytes: Uint8Array) => key.sign(bytes) }
const FIELDS: SpaceCommitFields = {
  space: 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/space/app.cairn.group/main',
  author: key.didKey,
  rev: '3lbaaaaaaaa22',
  prev: cidOf('previous'),
  hash: new Uint8Array(sha256(new Uint8Array(LTHASH_BYTES))),
  members: [cidOf('x'), cidOf('y')].sort(),
}

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'none'
  } catch (error) {
    if (!(error instanceof SpaceError)) throw error
    const { reason } = error.fields
    return typeof reason === 'string' ? `${error.code} ${reason}` : error.code
  }
}

describe('a commit of a space repo', () => {
  it('has the committed bytes', async () => {
    const cases = [FIELDS, { ...FIELDS, prev: null, members: [] }]
    const shown = []
    for (const fields of cases) {
      const bytes = await signSpaceCommit(fields, signer)
      const commit = parseSpaceCommit(bytes)
      await verifySpaceCommit(commit)
      const { sig: _sig, signed: _signed, ...read } = commit
      expect(read).toEqual(fields)
      shown.push({
        privateKeyHex: toHex(key.privateKey),
        ...fields,
        hash: toHex(fields.hash),
        hex: toHex(bytes),
        cid: spaceCommitCid(bytes, sha256),
      })
    }
    await expect(`${JSON.stringify(shown, null, 1)}\n`).toMatchFileSnapshot(fileOf('commit'))
  })

  const wire = {
    ver: 1,
    space: FIELDS.space,
    author: FIELDS.author,
    rev: FIELDS.rev,
    prev: { $link: FIELDS.prev },
    hash: FIELDS.hash,
    members: FIELDS.members.map((it) => ({ $link: it })),
    sig: new Uint8Array(64),
  }
  const raw = cidString(CODEC_RAW, sha256(utf8('raw')))

  it.each([
    ['an unknown field', { ...wire, extra: 1 }, 'space.commit-malformed unknown-field'],
    ['another version', { ...wire, ver: 2 }, 'space.commit-version'],
    ['no version', { ...wire, ver: '1' }, 'space.commit-malformed ver'],
    ['a space that is none', { ...wire, space: `${FIELDS.space}/` }, 'space.commit-malformed space'],
    ['an author without a key', { ...wire, author: 'did:plc:x' }, 'space.commit-malformed author'],
    ['a rev that is no TID', { ...wire, rev: '3lb' }, 'space.rev-malformed'],
    ['a rev beyond all cursors', { ...wire, rev: 'jzzzzzzzzzzzz' }, 'space.rev-malformed'],
    ['a prev of another codec', { ...wire, prev: { $link: raw } }, 'space.commit-malformed prev'],
    ['a short hash', { ...wire, hash: new Uint8Array(31) }, 'space.commit-malformed hash'],
    ['a hash as text', { ...wire, hash: 'x' }, 'space.commit-malformed hash'],
    [
      'members out of order',
      { ...wire, members: wire.members.toReversed() },
      'space.commit-malformed members',
    ],
    [
      'a member twice',
      { ...wire, members: [wire.members[0], wire.members[0]] },
      'space.commit-malformed members',
    ],
    ['no members', { ...wire, members: null }, 'space.commit-malformed members'],
    ['a signature in DER', { ...wire, sig: new Uint8Array(70) }, 'space.commit-malformed sig'],
    ['too many bytes', { ...wire, extra: new Uint8Array(20_000) }, 'space.commit-malformed size'],
    ['a list', [wire], 'space.commit-malformed not-a-map'],
  ])('is refused with %s', async (_, value, expected) => {
    expect(await codeOf(() => parseSpaceCommit(encodeDagCbor(value)))).toBe(expected)
  })

  it('is refused when one byte is another, or is missing', async () => {
    const bytes = await signSpaceCommit(FIELDS, signer)
    const check = (other: Uint8Array) => codeOf(async () => verifySpaceCommit(parseSpaceCommit(other)))
    for (let at = 0; at < bytes.length; at += 3) {
      const other = bytes.slice()
      other[at] = (other[at] ?? 0) ^ 1
      expect(await check(other)).toMatch(/^space\./)
      expect(await check(bytes.subarray(0, at))).toMatch(/^space\.commit-malformed/)
    }
  })

  it('is refused when its link is a map that only looks like one', async () => {
    const bytes = await signSpaceCommit({ ...FIELDS, members: [] }, signer)
    const text = FIELDS.prev ?? ''
    // {"$link": "bafy…"} as a map of text, where tag 42 should be.
    const map = new Uint8Array([0xa1, 0x65, ...utf8('$link'), 0x78, text.length, ...utf8(text)])
    const link = encodeDagCbor({ $link: text })
    const at = toHex(bytes).indexOf(toHex(link)) / 2
    const forged = new Uint8Array([...bytes.subarray(0, at), ...map, ...bytes.subarray(at + link.length)])
    expect(await codeOf(() => parseSpaceCommit(forged))).toBe('space.commit-malformed encoding')
  })

  it('is refused with a signature by another key, with a high S, or over the map without its tag', async () => {
    const other = createTestKey(createPrng(8), 'p256')
    const by = (sign: (bytes: Uint8Array) => Uint8Array) =>
      codeOf(() => signSpaceCommit(FIELDS, { id: key.didKey, sign: async (bytes) => sign(bytes) }))
    expect(await by(other.sign)).toBe('space.bad-signature invalid')
    expect(await by(key.signHighS)).toBe('space.bad-signature high-s')
    const tag = utf8('cairn.space.commit.v1\0').length
    expect(await by((bytes) => key.sign(bytes.subarray(tag)))).toBe('space.bad-signature invalid')
    expect(await codeOf(() => signSpaceCommit(FIELDS, { ...signer, id: other.didKey }))).toBe(
      'space.wrong-author',
    )
  })
})

describe('the name of a space repo', () => {
  it('has one text', () => {
    const uri = `${FIELDS.space}/${FIELDS.author}`
    expect(parseSpaceRepo(uri)).toEqual({ space: FIELDS.space, author: FIELDS.author })
    expect(formatSpaceRepo(spaceRepoOf(uri))).toBe(uri)
    expect(parseSpace(FIELDS.space)).toEqual({
      did: 'did:plc:ewvi7nxzyoun6zhxrhs64oiz',
      type: 'app.cairn.group',
      skey: 'main',
    })
  })

  it.each([
    '',
    'did:plc:ewvi7nxzyoun6zhxrhs64oiz',
    FIELDS.space,
    `${FIELDS.space}/${FIELDS.author}/`,
    `${FIELDS.space}/${FIELDS.author}/a.b.c`,
    `${FIELDS.space}//${FIELDS.author}`,
    `${FIELDS.space}/did:plc:ewvi7nxzyoun6zhxrhs64oiz`,
    `${FIELDS.space}/${FIELDS.author.replace('zDn', 'zQ3')}`,
    `${FIELDS.space}/${FIELDS.author}x`,
    `${FIELDS.space.replace('space', 'Space')}/${FIELDS.author}`,
    `${FIELDS.space.replace('at:', 'AT:')}/${FIELDS.author}`,
    `${FIELDS.space.replace('main', '..')}/${FIELDS.author}`,
    `${FIELDS.space.replace('app.cairn.group', 'group')}/${FIELDS.author}`,
    ` ${FIELDS.space}/${FIELDS.author}`,
  ])('is not %j', async (text) => {
    expect(parseSpaceRepo(text)).toBeUndefined()
    expect(await codeOf(() => spaceRepoOf(text))).toBe('space.uri')
  })
})

it('a device is called by the key that is written in a fixed length', () => {
  for (let seed = 0; seed < 20; seed++) {
    const { didKey } = createTestKey(createPrng(seed), 'p256')
    expect(parseSpaceRepo(`${FIELDS.space}/${didKey}`)).toBeDefined()
  }
})
