import { join as joinPath } from 'node:path'
import { p256 } from '@noble/curves/nist.js'
import { describe, expect, it } from 'vitest'
import { runs } from '../../core/testing/runs.ts'
import { equalBytes, toHex, utf8 } from '../../core/bytes.ts'
import { CODEC_RAW, cidString } from '../../core/cid.ts'
import { sha256 } from '../../pack/testing/sha256.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { signKeyCard } from '../key-card.ts'
import { signLinkClosing } from '../links/closing.ts'
import { signJoin } from '../links/join.ts'
import { signLinkRecord } from '../links/record.ts'
import { MembersError } from './errors.ts'
import type { Act, OperationFields } from './model.ts'
import { signConsent } from './consent.ts'
import { encodeOperation, parseOperation, signOperation, verifyOperation } from './operation.ts'
import { acts, commitCid, did, headOf, keyOf, revOf, SPACE } from './testing/story.ts'

/** `vitest -u` writes them anew; a change of what is there is a change of the format. */
const VECTORS = joinPath(import.meta.dirname, 'vectors', 'operations.json')

const signerOf = (name: string) => ({
  id: did(name),
  sign: async (bytes: Uint8Array) => keyOf(name).sign(bytes),
})

const consent = await signConsent(
  { space: SPACE, by: did('anna'), person: did('anna'), device: did('phone') },
  signerOf('phone'),
)
const card = await signKeyCard(
  { device: did('anna'), key: p256.getPublicKey(keyOf('anna').privateKey, false) },
  signerOf('anna'),
)
const about = { space: SPACE, link: did('gate') }
const record = await signLinkRecord(
  {
    ...about,
    ...{ role: 'writer', approval: false, created: 1_700_000_000_000, expires: null, uses: 3 },
    ...{ epoch: new Uint8Array(32).fill(7), by: did('anna') },
  },
  signerOf('anna'),
)
const join = await signJoin(
  { ...about, device: did('anna'), card, at: 1_700_000_000_001 },
  signerOf('gate'),
  signerOf('anna'),
)
const closing = await signLinkClosing(
  { ...about, reason: 'used-up', joins: ['ab'.repeat(32)], by: did('anna') },
  signerOf('anna'),
)
const ACTS: readonly (readonly [Act, string?])[] = [
  [acts.create('heir'), 'authority'],
  [acts.create(), 'authority'],
  [acts.role('wim', 'writer')],
  [acts.change('wim', 'none', [headOf('wim', 5), headOf('phone', 0)])],
  [acts.role('wim', 'admin'), 'authority'],
  [acts.leave('anna', [headOf('anna', 1)])],
  [{ kind: 'device', body: { person: did('anna'), device: did('phone'), consent } }],
  [acts.drop('anna', [headOf('phone', 2)])],
  [acts.freeze('wim', 6)],
  [acts.void('wim')],
  [acts.cut('wim', 'xia'), 'authority'],
  [acts.successor('heir'), 'authority'],
  [acts.succeed(), 'heir'],
  [acts.hide('at://item', true)],
  [{ kind: 'link', body: { record } }],
  [{ kind: 'link', body: { record } }, 'authority'],
  [{ kind: 'join', body: { join, epoch: new Uint8Array(32).fill(7) } }],
  [{ kind: 'join', body: { join, epoch: null } }],
  [{ kind: 'close', body: { closing } }],
]

const fieldsOf = (act: Act): OperationFields => ({
  space: SPACE,
  author: did('anna'),
  seq: act.kind === 'create' ? 1 : 2,
  parents: act.kind === 'create' ? [] : [commitCid('a'), commitCid('b')].sort(),
  at: 1_700_000_000_000,
  act,
})

const signed = (act: Act, by?: string) =>
  signOperation(fieldsOf(act), signerOf('anna'), by === undefined ? undefined : signerOf(by), sha256)

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'none'
  } catch (error) {
    if (!(error instanceof MembersError)) throw error
    const { reason, what } = error.fields
    return [error.code, what, reason].filter((it) => typeof it === 'string').join(' ')
  }
}

const indexOfText = (bytes: Uint8Array, text: string): number =>
  bytes.findIndex((_, at) => equalBytes(bytes.subarray(at, at + text.length), utf8(text)))

const read = (bytes: Uint8Array) => codeOf(async () => verifyOperation(parseOperation(bytes, sha256)))

describe('an operation', () => {
  it('has the committed bytes', async () => {
    const shown = []
    for (const [act, by] of ACTS) {
      const { bytes, cid, operation } = await signed(act, by)
      const { authority, ...fields } = parseOperation(bytes, sha256).operation
      expect(fields).toMatchObject(fieldsOf(act))
      expect(authority).toBe(by === undefined ? null : did(by))
      const { letter, ...rest } = operation
      expect(letter === null).toBe(!['link', 'join', 'close'].includes(act.kind))
      const readable = JSON.stringify(rest, (_, it: unknown) => (it instanceof Uint8Array ? toHex(it) : it))
      shown.push({ operation: JSON.parse(readable) as unknown, cid, hex: toHex(bytes) })
    }
    const keys = ['authority', 'heir', 'anna', 'phone', 'gate'].map((name) => ({
      name,
      did: did(name),
      privateKeyHex: toHex(keyOf(name).privateKey),
    }))
    await expect(`${JSON.stringify({ keys, operations: shown }, null, 1)}\n`).toMatchFileSnapshot(VECTORS)
  })

  it('is refused when a byte is another, or is missing', async () => {
    const step = Math.max(1, Math.round(15 / runs(1)))
    for (const [nth, [act, by]] of [...ACTS].entries()) {
      const { bytes } = await signed(act, by)
      for (let at = nth % step; at < bytes.length; at += step) {
        const other = bytes.slice()
        other[at] = (other[at] ?? 0) ^ 1
        expect(await read(other)).toMatch(/^members\.(malformed|version|bad-signature)/)
        expect(await codeOf(() => parseOperation(bytes.subarray(0, at), sha256))).toMatch(
          /^members\.malformed/,
        )
      }
    }
  })

  it('is refused when what it carries is of another space, by another, or not signed', async () => {
    const elsewhere = { ...fieldsOf(acts.hide('x')), space: `${SPACE}2`, seq: 1 }
    const bodies: readonly (readonly [Act, string])[] = [
      [{ kind: 'link', body: { record } }, 'record'],
      [{ kind: 'join', body: { join, epoch: null } }, 'join'],
      [{ kind: 'close', body: { closing } }, 'closing'],
    ]
    for (const [act, name] of bodies) {
      const there = { ...elsewhere, act }
      const by = { ...fieldsOf(act), author: did('wim') }
      for (const [fields, who] of [
        [there, 'anna'],
        [by, 'wim'],
      ] as const)
        expect(await codeOf(() => signOperation(fields, signerOf(who), undefined, sha256))).toBe(
          `members.malformed body.${name}`,
        )
    }
    const forge = async (act: Act) => codeOf(() => signed(act))
    for (const [bytes, make, what] of [
      [record, (it: Uint8Array): Act => ({ kind: 'link', body: { record: it } }), 'link-record'],
      [
        join,
        (it: Uint8Array): Act => ({ kind: 'join', body: { join: it, epoch: null } }),
        '(join|join-link)',
      ],
      [closing, (it: Uint8Array): Act => ({ kind: 'close', body: { closing: it } }), 'link-closing'],
    ] as const) {
      const end = new Uint8Array(bytes)
      const at = indexOfText(end, 'sig') + 10
      end[at] = (end[at] ?? 0) ^ 1
      expect(await forge(make(end))).toMatch(new RegExp(`^members.bad-signature ${what} `))
      expect(await forge(make(bytes.subarray(1)))).toMatch(/^members\.malformed body\./)
    }
  })

  it('is refused with a signature by another key, a high S, or moved from elsewhere', async () => {
    const fields = fieldsOf(acts.hide('x'))
    const by = (name: string, high = false) =>
      codeOf(() =>
        signOperation(
          fields,
          { id: did('anna'), sign: async (it) => (high ? keyOf(name).signHighS(it) : keyOf(name).sign(it)) },
          undefined,
          sha256,
        ),
      )
    expect(await by('wim')).toBe('members.bad-signature author invalid')
    expect(await by('anna', true)).toBe('members.bad-signature author high-s')
    const wrong = { id: did('authority'), sign: async (it: Uint8Array) => keyOf('wim').sign(it) }
    const made = () => signOperation(fieldsOf(acts.successor('heir')), signerOf('anna'), wrong, sha256)
    expect(await codeOf(made)).toBe('members.bad-signature authority invalid')
    const moved: Act = { kind: 'device', body: { person: did('anna'), device: did('tablet'), consent } }
    expect(await codeOf(() => signed(moved))).toBe('members.bad-signature consent invalid')
  })

  const wire = {
    ver: 1,
    space: SPACE,
    author: did('anna'),
    seq: 2,
    parents: [{ $link: commitCid('a') }],
    at: 0,
    kind: 'hide',
    body: { item: 'x', hidden: true },
    auth: null,
    sig: new Uint8Array(64),
  }
  const role = { person: did('wim'), role: 'none', enrol: false, heads: [], via: null }
  const entry = { device: did('wim'), rev: revOf(1), commit: { $link: commitCid('a') } }
  const raw = { $link: cidString(CODEC_RAW, sha256(utf8('raw'))) }
  const auth = { key: did('authority'), sig: new Uint8Array(64) }
  const links = Array.from({ length: 257 }, (_, n) => commitCid(`${n}`))
    .sort()
    .map((it) => ({ $link: it }))

  it.each([
    ['an unknown field', { ...wire, extra: 1 }, 'unknown-field'],
    ['no space of a group', { ...wire, space: 'at://did:plc:abc/space/a.b.c/main' }, 'space'],
    ['an author that is no device', { ...wire, author: 'did:plc:abc' }, 'author'],
    ['number 0', { ...wire, seq: 0 }, 'seq'],
    ['a number beyond all', { ...wire, seq: 4097 }, 'seq'],
    ['a number as text', { ...wire, seq: '1' }, 'seq'],
    ['too many parents', { ...wire, parents: links }, 'parents'],
    ['parents out of order', { ...wire, parents: links.slice(0, 2).reverse() }, 'parents'],
    ['a parent twice', { ...wire, parents: [links[0], links[0]] }, 'parents'],
    ['a parent of another codec', { ...wire, parents: [raw] }, 'parents'],
    ['no parents', { ...wire, parents: [] }, 'parents'],
    ['a time before all', { ...wire, at: -1 }, 'at'],
    ['an unknown kind', { ...wire, kind: 'rename' }, 'kind'],
    ['a kind of the language', { ...wire, kind: 'constructor' }, 'kind'],
    ['a short signature', { ...wire, sig: new Uint8Array(63) }, 'sig'],
    ['half an authority', { ...wire, auth: { key: did('authority') } }, 'auth'],
    ['too many bytes', { ...wire, extra: new Uint8Array(70_000) }, 'size'],
    ['a list', [wire], 'map'],
    ['an empty item', { ...wire, body: { item: '', hidden: true } }, 'body.item'],
    ['a long item', { ...wire, body: { item: 'x'.repeat(513), hidden: true } }, 'body.item'],
    ['more in its body', { ...wire, body: { item: 'x', hidden: true, why: '' } }, 'unknown-field'],
    ['a role that is none', { ...wire, kind: 'role', body: { ...role, role: 'owner' } }, 'body.role'],
    ['none who is enrolled', { ...wire, kind: 'role', body: { ...role, enrol: true } }, 'body.body'],
    [
      'a writer who is stopped',
      { ...wire, kind: 'role', body: { ...role, role: 'writer', heads: [entry] } },
      'body.body',
    ],
    ['a device twice', { ...wire, kind: 'role', body: { ...role, heads: [entry, entry] } }, 'body.heads'],
    [
      'half a head',
      { ...wire, kind: 'role', body: { ...role, heads: [{ ...entry, rev: null }] } },
      'body.heads',
    ],
    [
      'a rev beyond all',
      { ...wire, kind: 'role', body: { ...role, heads: [{ ...entry, rev: 'jzzzzzzzzzzzz' }] } },
      'body.heads',
    ],
    ['a link that is none', { ...wire, kind: 'role', body: { ...role, via: raw } }, 'body.via'],
    ['nothing dropped', { ...wire, kind: 'drop', body: { person: did('wim'), heads: [] } }, 'body.body'],
    ['a void with a head', { ...wire, kind: 'freeze', body: { ...entry, void: true } }, 'body.body'],
    ['nobody cut', { ...wire, kind: 'cut', body: { devices: [] }, auth }, 'body.devices'],
    ['a cut by no authority', { ...wire, kind: 'cut', body: { devices: [did('wim')] } }, 'auth'],
    [
      'a leaving by the authority',
      { ...wire, kind: 'leave', body: { person: did('wim'), heads: [] }, auth },
      'auth',
    ],
    ['a join by the authority', { ...wire, kind: 'join', body: { join, epoch: null }, auth }, 'auth'],
    ['a short epoch', { ...wire, kind: 'join', body: { join, epoch: new Uint8Array(3) } }, 'body.epoch'],
    ['a record that is none', { ...wire, kind: 'link', body: { record: new Uint8Array(3) } }, 'body.record'],
    ['no closing', { ...wire, kind: 'close', body: { closing: 'x' } }, 'body.closing'],
    ['a beginning after something', { ...wire, kind: 'create', body: { successor: null }, auth }, 'parents'],
  ])('is refused with %s', async (_, value, reason) => {
    expect(await codeOf(() => parseOperation(encodeDagCbor(value), sha256))).toBe(
      `members.malformed ${reason}`,
    )
  })

  it('of another version is told as such', async () => {
    const bytes = encodeDagCbor({ ...wire, ver: 2 })
    expect(await codeOf(() => parseOperation(bytes, sha256))).toBe('members.version')
  })

  it('is not what somebody else signs', async () => {
    const work = signOperation(fieldsOf(acts.hide('x')), signerOf('wim'), undefined, sha256)
    await expect(work).rejects.toMatchObject({ code: 'spaces.invalid' })
    expect(await read(encodeOperation(fieldsOf(acts.hide('x')), null, new Uint8Array(64).fill(1)))).toMatch(
      /^members\.bad-signature author/,
    )
  })
})
