import {
  P256PrivateKeyExportable,
  Secp256k1PrivateKeyExportable,
  type PrivateKeyExportable,
} from '@atcute/crypto'
import { encode } from '@atcute/cbor'
import { create, toString } from '@atcute/cid'
import { toBase32, toBase64Url } from '@atcute/multibase'

/** A real key of either curve, and its did:key. */
export interface TestKey {
  readonly key: PrivateKeyExportable
  readonly didKey: string
}

export async function makeKey(curve: 'p256' | 'k256'): Promise<TestKey> {
  const made = curve === 'p256' ? P256PrivateKeyExportable : Secp256k1PrivateKeyExportable
  const key = await made.createKeypair()
  return { key, didKey: await key.exportPublicKey('did') }
}

export interface LogEntry {
  did: string
  operation: Record<string, unknown>
  cid: string
  nullified: boolean
  createdAt: string
}

export interface OperationInput {
  readonly rotationKeys: readonly TestKey[]
  /** the #atproto key; undefined leaves it out */
  readonly signing?: TestKey | undefined
  readonly handle?: string
  readonly pds?: string
}

/** Signs any unsigned operation as did:plc says: over its DAG-CBOR without `sig`. */
async function signOperation(
  unsigned: Record<string, unknown>,
  by: TestKey,
): Promise<Record<string, unknown>> {
  return { ...unsigned, sig: toBase64Url(await by.key.sign(encode(unsigned))) }
}

/** CID and, for a genesis, DID of a signed operation. */
export async function nameOperation(
  operation: Record<string, unknown>,
): Promise<{ cid: string; did: string }> {
  const cid = await create(0x71, encode(operation))
  return { cid: toString(cid), did: `did:plc:${toBase32(cid.digest.contents).slice(0, 24)}` }
}

export function regular(input: OperationInput, prev: string | null): Record<string, unknown> {
  const { rotationKeys, signing, handle = 'alice.test', pds = 'https://pds.example.com' } = input
  return {
    type: 'plc_operation',
    rotationKeys: rotationKeys.map((key) => key.didKey),
    verificationMethods: signing === undefined ? {} : { atproto: signing.didKey },
    alsoKnownAs: [`at://${handle}`],
    services: { atproto_pds: { type: 'AtprotoPersonalDataServer', endpoint: pds } },
    prev,
  }
}

/** When the logs made here begin, and the time between operations unless told, ms. */
export const LOG_START = Date.parse('2024-01-01T00:00:00.000Z')
export const HOUR = 60 * 60 * 1000

/** Builds a log as an honest directory would keep it. */
export async function startLog(input: OperationInput, by: TestKey, at = LOG_START): Promise<PlcLogMaker> {
  return await startLogWith(regular(input, null), by, at)
}

/** Starts with any unsigned genesis, the legacy form for one. */
export async function startLogWith(
  unsigned: Record<string, unknown>,
  by: TestKey,
  at = LOG_START,
): Promise<PlcLogMaker> {
  const operation = await signOperation(unsigned, by)
  const { cid, did } = await nameOperation(operation)
  const entries: LogEntry[] = []
  const maker: PlcLogMaker = {
    did,
    entries,
    async add(next, signer, { prev = maker.head(), at: time = maker.lastTime() + HOUR } = {}) {
      const type = next === 'tombstone' ? { type: 'plc_tombstone', prev } : regular(next, prev)
      const signed = await signOperation(type, signer)
      const named = await nameOperation(signed)
      // whatever stood after `prev` is overruled
      const from = entries.findIndex((entry) => entry.cid === prev)
      for (const entry of entries.slice(from + 1)) entry.nullified = true
      entries.push(makeEntry(did, signed, named.cid, time))
      return named.cid
    },
    head: () => entries.findLast((entry) => !entry.nullified)?.cid ?? cid,
    lastTime: () => Date.parse(entries.at(-1)?.createdAt ?? '') || at,
  }
  entries.push(makeEntry(did, operation, cid, at))
  return maker
}

export interface PlcLogMaker {
  readonly did: string
  /** what the directory's `/log/audit` answers; tests may bend it */
  readonly entries: LogEntry[]
  add(
    next: OperationInput | 'tombstone',
    signer: TestKey,
    options?: { readonly prev?: string; readonly at?: number },
  ): Promise<string>
  /** CID of the newest operation that stands */
  head(): string
  lastTime(): number
}

function makeEntry(did: string, operation: Record<string, unknown>, cid: string, at: number): LogEntry {
  return { did, operation, cid, nullified: false, createdAt: new Date(at).toISOString() }
}

/** An entry that goes on from `log` without being added to it; tests bend it first. */
export async function entryOf(
  log: PlcLogMaker,
  unsigned: Record<string, unknown>,
  by: TestKey,
): Promise<LogEntry> {
  const operation = await signOperation(unsigned, by)
  const { cid } = await nameOperation(operation)
  return makeEntry(log.did, operation, cid, log.lastTime() + HOUR)
}

/** The document that a directory makes from an operation. */
export function documentOf(did: string, operation: Record<string, unknown>): Record<string, unknown> {
  // made by `regular` above
  const { alsoKnownAs, verificationMethods, services } = operation as unknown as {
    alsoKnownAs: string[]
    verificationMethods: Record<string, string>
    services: Record<string, { type: string; endpoint: string }>
  }
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
    id: did,
    alsoKnownAs,
    verificationMethod: Object.entries(verificationMethods).map(([name, didKey]) => ({
      id: `${did}#${name}`,
      type: 'Multikey',
      controller: did,
      publicKeyMultibase: didKey.slice('did:key:'.length),
    })),
    service: Object.entries(services).map(([name, { type, endpoint }]) => ({
      id: `#${name}`,
      type,
      serviceEndpoint: endpoint,
    })),
  }
}
