import { RecordEnvelope } from '@libp2p/peer-record'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../core/bytes.ts'
import type { Announcement } from '../directory-model.ts'
import { encodeMessage } from '../messages.ts'
import { CLOCK_SKEW, MAX_ADDRESSES, MAX_RECORD_BYTES, MAX_TTL } from './limits.ts'
import { openAnnouncement, type RecordFault, sealAnnouncement } from './record.ts'
import { identity, topicOf } from './testing/identities.ts'

const now = 1_700_000_000_000
const alice = await identity('alice')
const mallory = await identity('mallory')
const topic = topicOf('repo')
const announcement: Announcement = {
  topic,
  peer: alice.peer,
  addresses: ['/ip4/192.0.2.1/tcp/443/tls/ws/p2p-circuit'],
  seq: 7,
  expiresAt: now + 60_000,
}

const refusal = (reason: RecordFault): object => ({ code: 'net.record-invalid', fields: { reason } })

const withSignature = (
  { publicKey, payloadType, payload }: RecordEnvelope,
  signature: Uint8Array,
): RecordEnvelope => new RecordEnvelope({ publicKey, payloadType, payload, signature })

describe('a signed announcement', () => {
  it('opens to what was sealed', async () => {
    const record = await sealAnnouncement(announcement, alice.key)
    const opened = await openAnnouncement(record, { now, topic, peer: alice.peer })
    expect(opened.announcement).toEqual(announcement)
    expect(opened.record).toEqual(record)
  })

  it('keeps nothing of the chunk that it came in', async () => {
    const chunk = new Uint8Array(1_000_000)
    const sealed = await sealAnnouncement(announcement, alice.key)
    chunk.set(sealed, 5000)
    const opened = await openAnnouncement(chunk.subarray(5000, 5000 + sealed.length), { now })
    expect(opened.record.buffer.byteLength).toBe(sealed.length)
    expect(opened.announcement.topic.buffer.byteLength).toBe(sealed.length)
  })

  it('is refused when any byte of it was changed', async () => {
    const record = await sealAnnouncement(announcement, alice.key)
    for (let at = 0; at < record.length; at++) {
      const forged = record.slice()
      forged[at] = (forged[at] ?? 0) ^ 1
      await expect(openAnnouncement(forged, { now, topic, peer: alice.peer })).rejects.toMatchObject({
        code: 'net.record-invalid',
      })
    }
  })

  it('is refused when a relay signs it in the name of another', async () => {
    const record = await sealAnnouncement(announcement, mallory.key)
    await expect(openAnnouncement(record, { now, topic })).rejects.toMatchObject(refusal('peer'))
  })

  it('is refused when the signature is of another key than it names', async () => {
    const mine = RecordEnvelope.createFromProtobuf(await sealAnnouncement(announcement, alice.key))
    const theirs = RecordEnvelope.createFromProtobuf(
      await sealAnnouncement({ ...announcement, peer: mallory.peer }, mallory.key),
    )
    const mixed = withSignature(mine, theirs.signature)
    await expect(openAnnouncement(mixed.marshal(), { now, topic })).rejects.toMatchObject(
      refusal('signature'),
    )
    const short = withSignature(mine, theirs.signature.slice(1))
    await expect(openAnnouncement(short.marshal(), { now, topic })).rejects.toMatchObject(
      refusal('signature'),
    )
  })

  it('is refused for another topic and for another peer than was asked for', async () => {
    const record = await sealAnnouncement(announcement, alice.key)
    await expect(openAnnouncement(record, { now, topic: topicOf('other') })).rejects.toMatchObject(
      refusal('topic'),
    )
    await expect(openAnnouncement(record, { now, peer: mallory.peer })).rejects.toMatchObject(refusal('peer'))
  })

  it('is refused when it is replayed past its end', async () => {
    const record = await sealAnnouncement(announcement, alice.key)
    await openAnnouncement(record, { now: announcement.expiresAt - 1 })
    await expect(openAnnouncement(record, { now: announcement.expiresAt })).rejects.toMatchObject(
      refusal('expired'),
    )
  })

  it('is refused when it would last for ever', async () => {
    const expiresAt = now + MAX_TTL + CLOCK_SKEW + 1
    const record = await sealAnnouncement({ ...announcement, expiresAt }, alice.key)
    await expect(openAnnouncement(record, { now })).rejects.toMatchObject(refusal('too-far'))
  })

  it('is refused when it was signed for another purpose', async () => {
    const payload = encodeMessage({ ...announcement })
    const seal = (domain: string, codec: string): Promise<RecordEnvelope> =>
      RecordEnvelope.seal(
        { domain, codec: utf8(codec), marshal: () => payload, equals: () => false },
        alice.key,
      )
    const otherDomain = await seal('libp2p-peer-record', '/cairn/announcement/1')
    await expect(openAnnouncement(otherDomain.marshal(), { now })).rejects.toMatchObject(refusal('signature'))
    const otherCodec = await seal('cairn-directory', '/cairn/other/1')
    await expect(openAnnouncement(otherCodec.marshal(), { now })).rejects.toMatchObject(refusal('envelope'))
  })

  it('is refused when it is no envelope, says nothing, or is too large', async () => {
    await expect(openAnnouncement(new Uint8Array([1, 2, 3]), { now })).rejects.toMatchObject(
      refusal('envelope'),
    )
    await expect(openAnnouncement(new Uint8Array(), { now })).rejects.toMatchObject(refusal('envelope'))
    await expect(openAnnouncement(new Uint8Array(MAX_RECORD_BYTES + 1), { now })).rejects.toMatchObject(
      refusal('size'),
    )
    const empty = await RecordEnvelope.seal(
      {
        domain: 'cairn-directory',
        codec: utf8('/cairn/announcement/1'),
        marshal: () => encodeMessage({ topic }),
        equals: () => false,
      },
      alice.key,
    )
    await expect(openAnnouncement(empty.marshal(), { now })).rejects.toMatchObject(refusal('payload'))
  })

  it('keeps to the limits by leaving addresses out', async () => {
    const long = Array.from({ length: 40 }, (_, i) => `/dns4/${'x'.repeat(280)}${i}/tcp/443/tls/ws`)
    const many = { ...announcement, addresses: [`/${'y'.repeat(5000)}`, ...long] }
    const record = await sealAnnouncement(many, alice.key)
    expect(record.length).toBeLessThanOrEqual(MAX_RECORD_BYTES)
    const opened = await openAnnouncement(record, { now })
    expect(opened.announcement.addresses.length).toBeLessThanOrEqual(MAX_ADDRESSES)
    expect(opened.announcement.addresses[0]).toBe(long[0])
  })
})
