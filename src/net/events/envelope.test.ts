import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../core/bytes.ts'
import type { CairnError } from '../../core/errors.ts'
import { NetError } from '../errors.ts'
import { decodeEnvelope, encodeEnvelope } from './envelope.ts'
import { createLengthReader, lengthFramed } from './length-frames.ts'
import { createLink } from './link.ts'
import type { Envelope, EnvelopeForm } from './model.ts'
import { createChannelKit, replay } from './testing/channel-kit.ts'

const decode = (text: string): Envelope => decodeEnvelope(utf8(text), 'them')
const notice = { type: 'repo.changed', id: 'did:plc:x', payload: { rev: '3k' } }

/** An event, its form, and the whole frame as it lies on the wire. */
const vectors: readonly (readonly [string, Envelope, EnvelopeForm, string, string])[] = [
  [
    'by id',
    notice,
    'id',
    '{"type":"repo.changed","id":"did:plc:x","payload":{"rev":"3k"}}',
    '0000003f7b2274797065223a227265706f2e6368616e676564222c226964223a226469643a706c633a78222c227061796c6f6164223a7b22726576223a22336b227d7d',
  ],
  [
    'by detail',
    notice,
    'detail',
    '{"type":"repo.changed:did:plc:x","detail":{"rev":"3k"}}',
    '000000377b2274797065223a227265706f2e6368616e6765643a6469643a706c633a78222c2264657461696c223a7b22726576223a22336b227d7d',
  ],
  [
    'about nothing, by detail',
    { type: 'presence', id: '', payload: null },
    'detail',
    '{"type":"presence","detail":null}',
    '000000217b2274797065223a2270726573656e6365222c2264657461696c223a6e756c6c7d',
  ],
  [
    'counted by a hub',
    { type: 'a', id: '', payload: 1, seq: 7 },
    'id',
    '{"type":"a","id":"","payload":1,"seq":7}',
    '000000287b2274797065223a2261222c226964223a22222c227061796c6f6164223a312c22736571223a377d',
  ],
  [
    'a subscription',
    { type: '__subscribe', id: '', payload: { topic: 'message.sent:conv-123' } },
    'id',
    '{"type":"__subscribe","id":"","payload":{"topic":"message.sent:conv-123"}}',
    '0000004a7b2274797065223a225f5f737562736372696265222c226964223a22222c227061796c6f6164223a7b22746f706963223a226d6573736167652e73656e743a636f6e762d313233227d7d',
  ],
]

describe('an envelope', () => {
  it.each(vectors)('%s: has these bytes', async (_, envelope, form, json, hex) => {
    const frame = lengthFramed(encodeEnvelope(envelope, form))
    expect(new TextDecoder().decode(frame.subarray(4))).toBe(json)
    expect(toHex(frame)).toBe(hex)
    const body = await createLengthReader(replay(fromHex(hex) ?? new Uint8Array(), 3), 100)()
    expect(decodeEnvelope(body ?? new Uint8Array(), 'them')).toEqual(envelope)
  })

  it('is read in both forms, with or without what JSON leaves out', () => {
    expect(decode('{"type":"a:b:c","detail":1}')).toEqual({ type: 'a', id: 'b:c', payload: 1 })
    expect(decode('{"type":"a:","detail":1}')).toEqual({ type: 'a', id: '', payload: 1 })
    expect(decode('{"type":"a"}')).toEqual({ type: 'a', id: '', payload: undefined })
    expect(decode('{"id":"b:c","type":"a"}')).toEqual({ type: 'a', id: 'b:c', payload: undefined })
  })

  it('never takes what a message says of its sender', () => {
    const text = '{"type":"a","id":"b","payload":1,"peer":"somebody","identity":{"id":"x"}}'
    expect(decode(text)).toEqual({ type: 'a', id: 'b', payload: 1 })
  })

  it.each([
    ['', 'json'],
    ['{', 'json'],
    ['[]', 'envelope'],
    ['null', 'envelope'],
    ['"a"', 'envelope'],
    ['{"type":1,"id":"","payload":1}', 'envelope'],
    ['{"type":"","id":"","payload":1}', 'envelope'],
    ['{"type":"a:b","id":"","payload":1}', 'envelope'],
    ['{"type":"a","id":1,"payload":1}', 'envelope'],
    ['{"type":"a","payload":1}', 'envelope'],
    ['{"type":"a","id":"","payload":1,"detail":2}', 'envelope'],
    ['{"type":"a","id":"","payload":1,"seq":-1}', 'envelope'],
    ['{"type":"a","id":"","payload":1,"seq":"1"}', 'envelope'],
    [`{"type":"${'a'.repeat(129)}","id":""}`, 'envelope'],
    [`{"type":"a","id":"${'b'.repeat(2049)}"}`, 'envelope'],
    [`{"type":"a","id":"","payload":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 'depth'],
  ])('refuses %.60s', (text, reason) => {
    expect(() => decode(text)).toThrow(
      expect.objectContaining({ code: 'net.malformed', fields: { peer: 'them', reason } }),
    )
  })

  it('refuses bytes that are no UTF-8, and payloads that are no JSON', () => {
    expect(() => decodeEnvelope(new Uint8Array([0x22, 0xff, 0x22]), 'them')).toThrow(NetError)
    expect(() => encodeEnvelope({ type: 'a', id: '', payload: 1n }, 'id')).toThrow(
      expect.objectContaining({ code: 'events.payload' }),
    )
  })

  it('comes out as it went in, in either form, cut anywhere', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            type: fc.string({ minLength: 1, maxLength: 20 }).filter((type) => !type.includes(':')),
            id: fc.string({ maxLength: 20 }),
            payload: fc.jsonValue({ maxDepth: 4 }),
          }),
        ),
        fc.constantFrom<EnvelopeForm>('id', 'detail'),
        fc.integer({ min: 1, max: 40 }),
        async (envelopes, form, size) => {
          const read = createLengthReader(
            replay(concat(envelopes.map((it) => lengthFramed(encodeEnvelope(it, form)))), size),
            10_000,
          )
          // -0 is 0 in JSON.
          for (const it of envelopes)
            expect(decodeEnvelope((await read()) ?? new Uint8Array(), 'them')).toEqual(
              JSON.parse(JSON.stringify(it)),
            )
          expect(await read()).toBeUndefined()
        },
      ),
    ))
})

describe('hostile bytes', () => {
  const host = createChannelKit().host
  /** Everything that a link makes of these bytes. */
  const feed = async (bytes: Uint8Array, size: number): Promise<CairnError | undefined> =>
    createLink(replay(bytes, size), { host, limits: { frame: 2000 } }, () => ({
      envelope(envelope) {
        expect(typeof envelope.type).toBe('string')
      },
      ended() {},
    })).ended

  it('a length that was only claimed costs nothing', async () => {
    const error = await feed(new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x7b]), 5)
    expect(error).toMatchObject({ code: 'net.too-large', fields: { bytes: 0xffffffff, limit: 2000 } })
  })

  it('every truncation of good frames is told, and no more than that', async () => {
    const all = concat(vectors.map(([, envelope, form]) => lengthFramed(encodeEnvelope(envelope, form))))
    const ends = new Set([0])
    let at = 0
    for (const [, envelope, form] of vectors) ends.add((at += 4 + encodeEnvelope(envelope, form).length))
    for (let length = 0; length <= all.length; length++) {
      const error = await feed(all.subarray(0, length), 7)
      if (ends.has(length)) expect(error).toBeUndefined()
      else expect(error).toMatchObject({ code: 'net.malformed', fields: { reason: 'ended-in-frame' } })
    }
  })

  it('every mutation gives events or a typed error', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...vectors),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 100 }),
        async ([, envelope, form], changes, size) => {
          const frame = lengthFramed(encodeEnvelope(envelope, form))
          for (const [at, byte] of changes) frame[at % frame.length] = byte
          const error = await feed(concat([frame, frame]), size)
          if (error !== undefined) expect(['net.malformed', 'net.too-large']).toContain(error.code)
        },
      ),
      { numRuns: 1000 },
    ))
})
