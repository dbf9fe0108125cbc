import * as v from 'valibot'
import { fromHex, toHex } from '../../core/bytes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import type { SpaceSigner } from '../../repo/space/commit.ts'
import { digest, GCM_TAG_BYTES, KEY_BYTES } from '../crypto.ts'
import { ascending, bytesOf, deviceDid, link, readMap, spaceUri, version1 } from '../maps.ts'
import { checkSignature, signAs, SIGNATURE_BYTES, signedBytes } from '../signed.ts'

const TAG = 'cairn.space.epoch.v1'
/** Longest epoch: 1,024 recipients are some 60 KB. */
const MAX_EPOCH_BYTES = 131_072
const MAX_RECIPIENTS = 1024
export const MAX_EPOCH_PARENTS = 64
const MAX_MEMBER_HEADS = 256

/** A key of the space, without the key: who made it, for whom, after which others. Bytes: docs/spaces.md. */
export interface EpochFields {
  readonly space: string
  /** device that made and signed it */
  readonly maker: string
  /** devices for which it was made, ascending */
  readonly recipients: readonly string[]
  /** CIDs of the membership heads that its maker had seen, ascending */
  readonly members: readonly string[]
  /** epochs before it, ascending by name */
  readonly parents: readonly EpochParent[]
  /** 32 bytes that only this epoch's key gives */
  readonly commit: Uint8Array
}

export interface EpochParent {
  /** hexadecimal */
  readonly name: string
  /** its key, sealed under the new one, 48 bytes; null where the space hides its past */
  readonly key: Uint8Array | null
}

export interface Epoch extends EpochFields {
  /** hexadecimal SHA-256 of what was signed */
  readonly name: string
}

const shape = v.strictObject({
  ver: version1,
  space: spaceUri,
  maker: deviceDid,
  recipients: v.pipe(
    v.array(deviceDid),
    v.minLength(1),
    v.maxLength(MAX_RECIPIENTS),
    v.check((it) => ascending(it)),
  ),
  members: v.pipe(
    v.array(link),
    v.maxLength(MAX_MEMBER_HEADS),
    v.check((it) => ascending(it)),
  ),
  parents: v.pipe(
    v.array(
      v.strictObject({
        epoch: bytesOf(KEY_BYTES),
        key: v.nullable(bytesOf(KEY_BYTES + GCM_TAG_BYTES)),
      }),
    ),
    v.maxLength(MAX_EPOCH_PARENTS),
    v.check((list) => ascending(list.map((it) => toHex(it.epoch)))),
  ),
  commit: bytesOf(KEY_BYTES),
  sig: bytesOf(SIGNATURE_BYTES),
})

/** Bytes of a name; none for what is no name, which no reader takes. */
export const nameBytes = (name: string): Uint8Array<ArrayBuffer> => fromHex(name) ?? new Uint8Array()

const unsigned = ({ space, maker, recipients, members, parents, commit }: EpochFields) => ({
  ver: 1,
  space,
  maker,
  recipients: [...recipients],
  members: members.map((it) => ({ $link: it })),
  parents: parents.map((it) => ({ epoch: nameBytes(it.name), key: it.key })),
  commit,
})

/** A signed epoch's bytes. Throws as `readEpoch`, and `spaces.invalid` for another's signer. */
export async function signEpoch(fields: EpochFields, signer: SpaceSigner): Promise<Uint8Array<ArrayBuffer>> {
  const sig = await signAs(signer, fields.maker, signedBytes(TAG, unsigned(fields)))
  const bytes = encodeDagCbor({ ...unsigned(fields), sig })
  await readEpoch(bytes)
  return bytes
}

/**
 * An epoch whose signature holds. Whether its maker might make it is for `chooseEpoch`.
 *
 * @throws SpacesError `spaces.epoch-malformed`, `spaces.version`, `spaces.bad-signature`
 */
export async function readEpoch(bytes: Uint8Array): Promise<Epoch> {
  const { ver: _ver, sig, ...read } = readMap(bytes, shape, 'spaces.epoch-malformed', MAX_EPOCH_BYTES)
  const parents = read.parents.map((it) => ({ name: toHex(it.epoch), key: it.key }))
  const fields: EpochFields = { ...read, parents }
  const signed = signedBytes(TAG, unsigned(fields))
  await checkSignature('epoch', fields.maker, sig, signed)
  return { ...fields, name: toHex(await digest(signed)) }
}
