import { peerIdFromString } from '@libp2p/peer-id'
import * as v from 'valibot'
import { verifySignature } from '../../repo/signature.ts'
import { NetError } from '../errors.ts'
import { decodeMessage, encodeMessage } from '../messages.ts'
import type { DeviceKey } from './device-key.ts'

/** Part of what is signed, so that no other signature of the key can pass for a certificate. */
const TAG = 'app.cairn.peer-certificate/1'

/** A certificate is some 300 bytes. */
export const MAX_CERTIFICATE_BYTES = 1024
/** Longest that one may hold, and how far a clock may be ahead of ours, ms. */
const MAX_LIFE = 366 * 24 * 60 * 60 * 1000
const CLOCK_SKEW = 5 * 60 * 1000

const time = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const shape = v.strictObject({
  device: v.pipe(v.string(), v.maxLength(128)),
  peer: v.pipe(v.string(), v.maxLength(128)),
  issuedAt: time,
  expiresAt: time,
  sig: v.instance(Uint8Array),
})

/** A device vouches for a peer id. Times in ms since the epoch. */
export interface Certificate {
  /** `did:key` of the device */
  readonly device: string
  readonly peer: string
  readonly issuedAt: number
  readonly expiresAt: number
}

const signedBytes = ({ device, peer, issuedAt, expiresAt }: Certificate): Uint8Array =>
  encodeMessage({ tag: TAG, device, peer, issuedAt, expiresAt })

/**
 * A certificate for a peer id of this device: canonical DAG-CBOR of
 * `{ device, peer, issuedAt, expiresAt, sig }`, where `sig` is over the same map with `tag` in place of `sig`.
 */
export async function issueCertificate(
  key: DeviceKey,
  about: { readonly peer: string; readonly now: number; readonly lifeMs: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const certificate = {
    device: key.id,
    peer: about.peer,
    issuedAt: about.now,
    expiresAt: about.now + Math.min(about.lifeMs, MAX_LIFE),
  }
  return encodeMessage({ ...certificate, sig: await key.sign(signedBytes(certificate)) })
}

/**
 * What a certificate says, once it is proven. It is public: it shows who is at the other end only over a
 * connection whose handshake proved `peer`, which is to be passed here.
 *
 * @throws NetError `net.record-invalid` with reason `certificate-malformed`, `-peer` (for another one),
 *   `-signature`, `-expired`, `-future` or `-life` (longer than a year)
 */
export async function verifyCertificate(
  bytes: Uint8Array,
  expected: { readonly peer: string; readonly now: number },
): Promise<Certificate> {
  const invalid = (reason: string, cause?: unknown): NetError =>
    new NetError('net.record-invalid', { reason: `certificate-${reason}` }, { cause })
  const { sig, ...certificate } = read(bytes, expected.peer, invalid)
  if (certificate.peer !== expected.peer) throw invalid('peer')
  const { issuedAt, expiresAt } = certificate
  if (issuedAt > expected.now + CLOCK_SKEW) throw invalid('future')
  if (expiresAt <= expected.now) throw invalid('expired')
  if (expiresAt - issuedAt > MAX_LIFE) throw invalid('life')
  if (!certificate.device.startsWith('did:key:zDn')) throw invalid('malformed')
  const verdict = await verifySignature(certificate.device, sig, signedBytes(certificate))
  if (verdict !== 'valid') throw invalid('signature')
  return certificate
}

function read(
  bytes: Uint8Array,
  peer: string,
  invalid: (reason: string, cause?: unknown) => NetError,
): v.InferOutput<typeof shape> {
  if (bytes.length > MAX_CERTIFICATE_BYTES) throw invalid('malformed')
  try {
    const found = decodeMessage(bytes, shape, peer)
    peerIdFromString(found.peer)
    return found
  } catch (error) {
    throw invalid('malformed', error)
  }
}
