import * as v from 'valibot'
import { CODEC_DAG_CBOR, cidString } from '../../core/cid.ts'
import type { Sha256 } from '../../core/hash.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { verifySignature } from '../../repo/signature.ts'
import type { SpaceSigner } from '../../repo/space/commit.ts'
import { SpacesError } from '../errors.ts'
import { readMap } from '../maps.ts'
import { signAs, type Signature, signedBytes } from '../signed.ts'
import { consentBytes } from './consent.ts'
import { MembersError } from './errors.ts'
import { readLetter } from './letter.ts'
import { type Act, type Kind, MAX_OPERATION_BYTES, type Operation, type OperationFields } from './model.ts'
import { bodyShapes, operationShape } from './shapes.ts'

const AUTHOR_TAG = 'cairn.space.members.v1'
const AUTHORITY_TAG = 'cairn.space.authority.v1'

/** An operation as it came, and what its signatures are over. */
export interface SignedOperation {
  readonly operation: Operation
  readonly bytes: Uint8Array
  readonly cid: string
  readonly signatures: readonly Signature[]
}

/** Kinds that nobody does without the authority's signature. */
const AUTHORITY_KINDS: ReadonlySet<Kind> = new Set(['create', 'cut', 'successor', 'succeed'])

/** Kinds that a device does for itself or its person: no authority's signature is on them. */
const OWN_KINDS: ReadonlySet<Kind> = new Set(['leave', 'device', 'join'])

/**
 * Reads an operation; its signatures are not checked here. Every field has exactly its form, none is unknown, and
 * the bytes are the one encoding of what they say. Throws `members.malformed`, `members.version`.
 */
export function parseOperation(bytes: Uint8Array, sha256: Sha256): SignedOperation {
  const map = readTop(bytes)
  const act = readAct(map.kind, map.body)
  const { space, author, seq, parents, at, auth, sig } = map
  if (auth === null ? AUTHORITY_KINDS.has(act.kind) : OWN_KINDS.has(act.kind)) throw malformed('auth')
  if ((act.kind === 'create') !== (parents.length === 0)) throw malformed('parents')
  const fields = { space, author, seq, parents, at, act }
  const carried = readLetter(fields, sha256)
  const operation: Operation = { ...fields, authority: auth?.key ?? null, letter: carried?.letter ?? null }
  const signatures: Signature[] = []
  // First what a stranger cannot make.
  if (auth !== null) {
    const { key: signer, sig: made } = auth
    signatures.push({ what: 'authority', signer, sig: made, signed: () => authorityBytes(operation) })
  }
  signatures.push({ what: 'author', signer: author, sig, signed: () => authorBytes(operation, auth) })
  if (act.kind === 'device') {
    const { person, device, consent } = act.body
    const signed = () => consentBytes({ space, by: author, person, device })
    signatures.push({ what: 'consent', signer: device, sig: consent, signed })
  }
  signatures.push(...(carried?.signatures ?? []))
  return {
    operation,
    bytes: new Uint8Array(bytes),
    cid: cidString(CODEC_DAG_CBOR, sha256(bytes)),
    signatures,
  }
}

/** Throws `members.bad-signature` unless every key that the operation names has signed it. */
export async function verifyOperation({ signatures }: SignedOperation): Promise<void> {
  for (const { what, signer, sig, signed } of signatures) {
    const reason = await verifySignature(signer, sig, signed())
    if (reason !== 'valid') throw new MembersError('members.bad-signature', { what, signer, reason })
  }
}

/**
 * An operation's bytes, signed by its author's device, and by the authority's key where it acts for it. Throws
 * `members.malformed`, `members.bad-signature` for what no reader takes, `spaces.invalid` for another's signer.
 */
export async function signOperation(
  fields: OperationFields,
  device: SpaceSigner,
  authority: SpaceSigner | undefined,
  sha256: Sha256,
): Promise<SignedOperation> {
  const auth =
    authority === undefined ? null : { key: authority.id, sig: await authority.sign(authorityBytes(fields)) }
  const sig = await signAs(device, fields.author, authorBytes(fields, auth))
  const made = parseOperation(encodeOperation(fields, auth, sig), sha256)
  // Whatever is wrong is found before it is out in the world.
  await verifyOperation(made)
  return made
}

/** The bytes of an operation with signatures that were made elsewhere. */
export const encodeOperation = (
  fields: OperationFields,
  auth: AuthorityMark | null,
  sig: Uint8Array,
): Uint8Array<ArrayBuffer> => encodeDagCbor({ ...mapOf(fields), auth, sig })

interface AuthorityMark {
  readonly key: string
  readonly sig: Uint8Array
}

const authorityBytes = (fields: OperationFields): Uint8Array => signedBytes(AUTHORITY_TAG, mapOf(fields))

const authorBytes = (fields: OperationFields, auth: AuthorityMark | null): Uint8Array =>
  signedBytes(AUTHOR_TAG, { ...mapOf(fields), auth })

const asLink = (cid: string | null): { $link: string } | null => (cid === null ? null : { $link: cid })

const mapOf = ({ space, author, seq, parents, at, act }: OperationFields) => ({
  ver: 1,
  space,
  author,
  seq,
  parents: parents.map(asLink),
  at,
  kind: act.kind,
  body: bodyMap(act),
})

function bodyMap(act: Act): Record<string, unknown> {
  switch (act.kind) {
    case 'role':
      return { ...act.body, heads: headMaps(act.body.heads), via: asLink(act.body.via) }
    case 'leave':
    case 'drop':
      return { ...act.body, heads: headMaps(act.body.heads) }
    case 'freeze':
      return { ...act.body, commit: asLink(act.body.commit) }
    default:
      return { ...act.body }
  }
}

const headMaps = (heads: readonly { readonly commit: string | null }[]): unknown[] =>
  heads.map((it) => ({ ...it, commit: asLink(it.commit) }))

function readTop(bytes: Uint8Array): v.InferOutput<typeof operationShape> {
  try {
    return readMap(bytes, operationShape, 'spaces.invalid', MAX_OPERATION_BYTES)
  } catch (error) {
    if (!(error instanceof SpacesError)) throw error
    const { version, reason } = error.fields
    if (error.code === 'spaces.version') throw new MembersError('members.version', { version })
    throw malformed(String(reason), error)
  }
}

function readAct(kind: string, body: unknown): Act {
  if (!Object.hasOwn(bodyShapes, kind)) throw malformed('kind')
  // One of its own keys, as was just seen.
  const known = kind as keyof typeof bodyShapes
  const result = v.safeParse(bodyShapes[known], body)
  if (!result.success) {
    const [issue] = result.issues
    const key: unknown = issue.path?.[0]?.key
    const name = typeof key === 'string' ? key : 'body'
    throw malformed(issue.expected === 'never' ? 'unknown-field' : `body.${name}`)
  }
  // The shape under a kind is that of its body.
  return { kind: known, body: result.output } as Act
}

const malformed = (reason: string, cause?: unknown): MembersError =>
  new MembersError('members.malformed', { reason }, cause === undefined ? undefined : { cause })
