import { encode } from '@atcute/cbor'
import { fromBase64Url, toBase32, toBase64Url } from '@atcute/multibase'
import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { isObject } from '../values.ts'

/**
 * One did:plc operation: its shape, its signed and unsigned bytes, its CID and, for a genesis, the
 * DID it makes. Spec: did:plc v0.1 (operations are DAG-CBOR maps; the signature covers the map
 * without `sig`; the CID and the DID cover the map with it).
 */
export interface PlcService {
  readonly type: string
  readonly endpoint: string
}

/** What an operation says the identity is, in one shape for the current and the legacy form. */
export interface PlcState {
  /** did:key strings, most powerful first */
  readonly rotationKeys: readonly string[]
  /** name (without `#`) → did:key */
  readonly verificationMethods: ReadonlyMap<string, string>
  readonly alsoKnownAs: readonly string[]
  readonly services: ReadonlyMap<string, PlcService>
}

export interface PlcOperation {
  readonly type: 'plc_operation' | 'create' | 'plc_tombstone'
  /** CID of the operation before it; null for a genesis */
  readonly prev: string | null
  /** undefined for a tombstone */
  readonly state: PlcState | undefined
  /** 64-byte compact signature, undefined when the text is not exactly that in unpadded base64url */
  readonly sig: Uint8Array | undefined
  readonly signedBytes: Uint8Array<ArrayBuffer>
  readonly unsignedBytes: Uint8Array<ArrayBuffer>
}

/** The directory takes operations of at most 4,000 bytes today; older logs stay below 7,500. */
const MAX_OPERATION_BYTES = 16_384
/** Far above what the directory allows (10 of each), so that no real log is refused. */
const MAX_ENTRIES = 64
/** 64 bytes in unpadded base64url */
const SIGNATURE = /^[A-Za-z0-9_-]{86}$/
/** Map keys that the CBOR encoder or JavaScript itself would read as something else. */
const RESERVED_NAMES = new Set(['$link', '$bytes', '__proto__', 'constructor', 'toJSON'])

/** Reads an operation from its JSON. Undefined when it is not exactly one of the three known shapes. */
export function parsePlcOperation(value: unknown): PlcOperation | undefined {
  if (!isObject(value)) return undefined
  const shape = readShape(value)
  if (shape === undefined || typeof value['sig'] !== 'string') return undefined
  try {
    const unsignedBytes = encode(shape.unsigned)
    const signedBytes = encode({ ...shape.unsigned, sig: value['sig'] })
    if (signedBytes.byteLength > MAX_OPERATION_BYTES) return undefined
    const { type, prev, state } = shape
    return { type, prev, state, sig: readSignature(value['sig']), signedBytes, unsignedBytes }
  } catch {
    // the encoder refuses text that is not well-formed Unicode
    return undefined
  }
}

/** CID (text) of a signed operation, and the did:plc that it makes when it is a genesis. */
export async function identifyOperation(operation: PlcOperation): Promise<{ cid: string; did: string }> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', operation.signedBytes))
  return { cid: cidString(CODEC_DAG_CBOR, digest), did: `did:plc:${toBase32(digest).slice(0, 24)}` }
}

interface Shape {
  readonly type: PlcOperation['type']
  readonly prev: string | null
  readonly state: PlcState | undefined
  readonly unsigned: Record<string, unknown>
}

function readShape(value: Record<string, unknown>): Shape | undefined {
  switch (value['type']) {
    case 'plc_operation':
      return readRegular(value)
    case 'create':
      return readLegacy(value)
    case 'plc_tombstone': {
      const prev = value['prev']
      if (typeof prev !== 'string' || !hasOnly(value, ['type', 'prev', 'sig'])) return undefined
      return { type: 'plc_tombstone', prev, state: undefined, unsigned: { type: 'plc_tombstone', prev } }
    }
    default:
      return undefined
  }
}

function readRegular(value: Record<string, unknown>): Shape | undefined {
  const names = ['type', 'rotationKeys', 'verificationMethods', 'alsoKnownAs', 'services', 'prev', 'sig']
  if (!hasOnly(value, names)) return undefined
  const { rotationKeys, alsoKnownAs, prev } = value
  const methods = readMap(value['verificationMethods'], (item) =>
    typeof item === 'string' ? item : undefined,
  )
  const services = readMap(value['services'], readService)
  if (!isTextList(rotationKeys) || !isTextList(alsoKnownAs) || methods === undefined) return undefined
  if (services === undefined || (prev !== null && typeof prev !== 'string')) return undefined
  const unsigned = {
    type: 'plc_operation',
    rotationKeys,
    verificationMethods: Object.fromEntries(methods),
    alsoKnownAs,
    services: Object.fromEntries(services),
    prev,
  }
  const state = { rotationKeys, verificationMethods: methods, alsoKnownAs, services }
  return { type: 'plc_operation', prev, state, unsigned }
}

/** The form of 2022: one signing key, one recovery key, one handle, one service. Only ever a genesis. */
function readLegacy(value: Record<string, unknown>): Shape | undefined {
  if (!hasOnly(value, ['type', 'signingKey', 'recoveryKey', 'handle', 'service', 'prev', 'sig']))
    return undefined
  const { signingKey, recoveryKey, handle, service, prev } = value
  if (typeof signingKey !== 'string' || typeof recoveryKey !== 'string' || prev !== null) return undefined
  if (typeof handle !== 'string' || typeof service !== 'string') return undefined
  const state: PlcState = {
    rotationKeys: [recoveryKey, signingKey],
    verificationMethods: new Map([['atproto', signingKey]]),
    alsoKnownAs: [withScheme(handle, 'at://')],
    services: new Map([
      ['atproto_pds', { type: 'AtprotoPersonalDataServer', endpoint: withScheme(service, 'https://') }],
    ]),
  }
  return {
    type: 'create',
    prev,
    state,
    unsigned: { type: 'create', signingKey, recoveryKey, handle, service, prev },
  }
}

function withScheme(text: string, scheme: string): string {
  return text.includes('://') ? text : `${scheme}${text}`
}

function readService(value: unknown): PlcService | undefined {
  if (!isObject(value) || !hasOnly(value, ['type', 'endpoint'])) return undefined
  const { type, endpoint } = value
  return typeof type === 'string' && typeof endpoint === 'string' ? { type, endpoint } : undefined
}

function readMap<T>(value: unknown, read: (item: unknown) => T | undefined): Map<string, T> | undefined {
  if (!isObject(value)) return undefined
  const entries = Object.entries(value)
  if (entries.length > MAX_ENTRIES) return undefined
  const result = new Map<string, T>()
  for (const [name, item] of entries) {
    const parsed = read(item)
    if (parsed === undefined || RESERVED_NAMES.has(name)) return undefined
    result.set(name, parsed)
  }
  return result
}

/** Strict: one text for one signature, so that a log has one CID for each operation. */
function readSignature(text: string): Uint8Array | undefined {
  if (!SIGNATURE.test(text)) return undefined
  try {
    const bytes = fromBase64Url(text)
    return toBase64Url(bytes) === text ? bytes : undefined
  } catch {
    // left-over bits that are not zero; some hosts' decoders refuse them, some let them pass
    return undefined
  }
}

/** No other fields; that these are there is for the caller to see. */
function hasOnly(value: Record<string, unknown>, names: readonly string[]): boolean {
  return Object.keys(value).every((key) => names.includes(key))
}

function isTextList(value: unknown): value is string[] {
  return (
    Array.isArray(value) && value.length <= MAX_ENTRIES && value.every((item) => typeof item === 'string')
  )
}
