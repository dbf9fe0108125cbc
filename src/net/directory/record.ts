import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { RecordEnvelope } from '@libp2p/peer-record'
import type { PrivateKey } from '@libp2p/interface'
import * as v from 'valibot'
import { copyRange, equalBytes, utf8 } from '../../core/bytes.ts'
import type { Announcement } from '../directory-model.ts'
import { NetError } from '../errors.ts'
import { decodeMessage, encodeMessage } from '../messages.ts'
import {
  CLOCK_SKEW,
  MAX_ADDRESS_LENGTH,
  MAX_ADDRESSES,
  MAX_PEER_LENGTH,
  MAX_RECORD_BYTES,
  MAX_TTL,
  TOPIC_BYTES,
} from './limits.ts'

/** Keeps a signature made for the directory from standing for anything else. */
const DOMAIN = 'cairn-directory'
const CODEC = utf8('/cairn/announcement/1')

/** An announcement, and the signed bytes that prove it. */
export interface SignedAnnouncement {
  readonly announcement: Announcement
  readonly record: Uint8Array
}

/**
 * | reason | the announcement |
 * |---|---|
 * | `size` | is over `MAX_RECORD_BYTES` |
 * | `envelope` | is no signed envelope of this kind |
 * | `payload` | says nothing that can be read |
 * | `peer` | is of another peer than its key's, or than was asked for |
 * | `topic` | is for another topic |
 * | `expired` | has ended |
 * | `too-far` | would last longer than anyone may ask for |
 * | `signature` | was not signed by its peer |
 * | `older` | is older than the one that is held |
 */
export type RecordFault =
  | 'size'
  | 'envelope'
  | 'payload'
  | 'peer'
  | 'topic'
  | 'expired'
  | 'too-far'
  | 'signature'
  | 'older'

export const recordInvalid = (reason: RecordFault, cause?: unknown): NetError =>
  new NetError('net.record-invalid', { reason }, cause === undefined ? undefined : { cause })

const shape = v.object({
  topic: v.pipe(
    v.instance(Uint8Array),
    v.check((bytes) => bytes.length === TOPIC_BYTES),
  ),
  peer: v.pipe(v.string(), v.maxLength(MAX_PEER_LENGTH)),
  addresses: v.pipe(
    v.array(v.pipe(v.string(), v.startsWith('/'), v.maxLength(MAX_ADDRESS_LENGTH))),
    v.maxLength(MAX_ADDRESSES),
  ),
  seq: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  expiresAt: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
})

/**
 * Signs an announcement: a libp2p signed envelope (RFC 0002) over its DAG-CBOR. Addresses over the limits
 * are left out.
 */
export async function sealAnnouncement(announcement: Announcement, key: PrivateKey): Promise<Uint8Array> {
  const { topic, peer, addresses, seq, expiresAt } = announcement
  const fitting = addresses.filter((address) => address.length <= MAX_ADDRESS_LENGTH).slice(0, MAX_ADDRESSES)
  for (;;) {
    const payload = encodeMessage({ topic, peer, addresses: fitting, seq, expiresAt })
    const envelope = await RecordEnvelope.seal(
      { domain: DOMAIN, codec: CODEC, marshal: () => payload, equals: () => false },
      key,
    )
    const bytes = new Uint8Array(envelope.marshal())
    if (bytes.length <= MAX_RECORD_BYTES) return bytes
    fitting.pop()
  }
}

export interface ExpectedRecord {
  /** ms since epoch */
  readonly now: number
  readonly topic?: Uint8Array
  readonly peer?: string
}

/**
 * The announcement that these bytes prove, when they are what was expected. The signature is checked last:
 * it costs the most.
 *
 * @throws NetError `net.record-invalid` ({ reason: {@link RecordFault} })
 */
export async function openAnnouncement(
  bytes: Uint8Array,
  expected: ExpectedRecord,
): Promise<SignedAnnouncement> {
  if (bytes.length > MAX_RECORD_BYTES) throw recordInvalid('size')
  // What is kept of it must not keep the whole received chunk that it lies in.
  const record = copyRange(bytes, 0, bytes.length)
  const envelope = parseEnvelope(record)
  const announcement = parsePayload(envelope.payload)
  const signer = peerIdFromPublicKey(envelope.publicKey).toString()
  if (announcement.peer !== signer) throw recordInvalid('peer')
  if (expected.peer !== undefined && expected.peer !== signer) throw recordInvalid('peer')
  if (expected.topic !== undefined && !equalBytes(expected.topic, announcement.topic))
    throw recordInvalid('topic')
  if (announcement.expiresAt <= expected.now) throw recordInvalid('expired')
  if (announcement.expiresAt > expected.now + MAX_TTL + CLOCK_SKEW) throw recordInvalid('too-far')
  if (!(await isSigned(envelope))) throw recordInvalid('signature')
  return { announcement, record }
}

function parseEnvelope(record: Uint8Array): RecordEnvelope {
  let envelope: RecordEnvelope
  try {
    envelope = RecordEnvelope.createFromProtobuf(record)
  } catch (error) {
    throw recordInvalid('envelope', error)
  }
  // Peer ids of nodes are Ed25519; other kinds of keys would cost more to check.
  if (envelope.publicKey.type !== 'Ed25519' || !equalBytes(envelope.payloadType, CODEC))
    throw recordInvalid('envelope')
  // One form only: what protobuf would skip or read leniently is not covered by the signature.
  if (!equalBytes(envelope.marshal(), record)) throw recordInvalid('envelope')
  return envelope
}

function parsePayload(payload: Uint8Array): Announcement {
  try {
    return decodeMessage(payload, shape, '')
  } catch (error) {
    throw recordInvalid('payload', error)
  }
}

async function isSigned(envelope: RecordEnvelope): Promise<boolean> {
  try {
    return await envelope.validate(DOMAIN)
  } catch {
    // A signature of the wrong length is an exception to some of the verifiers.
    return false
  }
}
