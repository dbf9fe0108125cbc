import { PdsError } from '../errors.ts'
import { keyPeriods, type KeyPeriod } from './keys.ts'
import { identifyOperation, parsePlcOperation, type PlcOperation, type PlcState } from './operation.ts'
import { findSigner } from './signer.ts'

/**
 * Verifies a did:plc audit log from its first entry to its last, trusting nobody who handed it over.
 *
 * What it cannot see: that newer operations were left out at the end, and whether `createdAt` is
 * what the directory saw (the directory states it, nobody signs it). A log fetched now from the
 * directory is whole; one from a peer is a proven past.
 *
 * Reasons in `pds.plc-log-invalid`: `not-a-log`, `empty`, `too-long`, `malformed`, `wrong-did`,
 * `cid-mismatch`, `genesis-mismatch` (its hash is another DID), `no-genesis`, `second-genesis`,
 * `order` (time runs backwards), `prev-unknown`, `prev-nullified`, `after-tombstone`,
 * `signature-malformed`, `high-s`, `bad-signature`, `recovery-not-allowed` (signed by a key that is
 * not above the one it overrules), `recovery-too-late`, `nullified-mismatch`.
 */
export interface VerifiedPlcLog {
  readonly did: string
  /** every entry, nullified ones too, in the order of the log */
  readonly operations: readonly VerifiedPlcOperation[]
  readonly current: PlcState | 'tombstoned'
  /** the #atproto key over time, oldest first, along operations that were not nullified */
  readonly signingKeys: readonly KeyPeriod[]
}

export interface VerifiedPlcOperation {
  readonly cid: string
  readonly type: PlcOperation['type']
  readonly prev: string | null
  /** ms, as the directory states it */
  readonly createdAt: number
  readonly nullified: boolean
  /** did:key of the rotation key that signed it */
  readonly signedBy: string
  readonly state: PlcState | undefined
}

/** A more powerful rotation key may overrule an operation for this long (did:plc, key rotation), ms. */
export const RECOVERY_WINDOW = 72 * 60 * 60 * 1000
/** The directory takes at most 100 operations a week from one DID; the longest real logs have hundreds. */
export const MAX_LOG_ENTRIES = 5000
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/

interface Entry {
  readonly operation: PlcOperation
  readonly cid: string
  readonly createdAt: number
  readonly nullified: boolean
}

interface ActiveEntry extends Entry {
  readonly index: number
  readonly signedBy: string
  /** rank of the signer among its predecessor's rotation keys, 0 the most powerful */
  readonly rank: number
}

/** Throws `pds.plc-log-invalid { did, reason, index }`. `log` is the JSON of `GET {plc}/{did}/log/audit`. */
export async function verifyPlcLog(did: string, log: unknown): Promise<VerifiedPlcLog> {
  const fail = (reason: string, index?: number): PdsError =>
    new PdsError('pds.plc-log-invalid', { did, reason, index })
  if (!Array.isArray(log)) throw fail('not-a-log')
  if (log.length === 0) throw fail('empty')
  if (log.length > MAX_LOG_ENTRIES) throw fail('too-long')

  // the chain that stands at each moment; a recovery cuts it back
  let chain: ActiveEntry[] = []
  const signed: ActiveEntry[] = []
  const cids = new Set<string>()
  for (const [index, value] of log.entries()) {
    const entry = await readEntry(did, value, index, fail)
    const previous = signed[index - 1]
    if (previous !== undefined && entry.createdAt < previous.createdAt) throw fail('order', index)
    const kept = index === 0 ? [] : standing(chain, cids, entry, (reason) => fail(reason, index))
    const { signedBy, rank } = await authorise(kept, chain[kept.length], entry, (reason) =>
      fail(reason, index),
    )
    const active = { ...entry, index, signedBy, rank }
    chain = [...kept, active]
    signed.push(active)
    cids.add(entry.cid)
  }

  const stands = new Set(chain.map((entry) => entry.index))
  const wrong = signed.find((entry) => entry.nullified === stands.has(entry.index))
  if (wrong !== undefined) throw fail('nullified-mismatch', wrong.index)
  return {
    did,
    operations: signed.map(({ operation, cid, createdAt, nullified, signedBy }) => {
      return {
        cid,
        type: operation.type,
        prev: operation.prev,
        createdAt,
        nullified,
        signedBy,
        state: operation.state,
      }
    }),
    current: chain.at(-1)?.operation.state ?? 'tombstoned',
    signingKeys: keyPeriods(chain.map(({ operation, createdAt }) => ({ state: operation.state, createdAt }))),
  }
}

async function readEntry(
  did: string,
  value: unknown,
  index: number,
  fail: (reason: string, index: number) => PdsError,
): Promise<Entry> {
  if (typeof value !== 'object' || value === null) throw fail('malformed', index)
  // its fields are each checked below before use
  const entry = value as Record<string, unknown>
  const operation = parsePlcOperation(entry['operation'])
  const { cid, createdAt, nullified } = entry
  if (operation === undefined || typeof nullified !== 'boolean') throw fail('malformed', index)
  if (typeof createdAt !== 'string' || !DATE_TIME.test(createdAt)) throw fail('malformed', index)
  const time = Date.parse(createdAt)
  if (!Number.isFinite(time)) throw fail('malformed', index)
  if (entry['did'] !== did) throw fail('wrong-did', index)
  const identified = await identifyOperation(operation)
  if (identified.cid !== cid) throw fail('cid-mismatch', index)
  if (index === 0 && operation.prev !== null) throw fail('no-genesis', index)
  if (index === 0 && identified.did !== did) throw fail('genesis-mismatch', index)
  if (index > 0 && operation.prev === null) throw fail('second-genesis', index)
  return { operation, cid: identified.cid, createdAt: time, nullified }
}

/** The part of the chain that still stands once `entry` is appended: up to its `prev`. */
function standing(
  chain: readonly ActiveEntry[],
  cids: ReadonlySet<string>,
  entry: Entry,
  fail: (reason: string) => PdsError,
): ActiveEntry[] {
  const prev = entry.operation.prev
  const position = chain.findLastIndex((candidate) => candidate.cid === prev)
  if (position < 0) throw fail(prev !== null && cids.has(prev) ? 'prev-nullified' : 'prev-unknown')
  return chain.slice(0, position + 1)
}

/** Who signed `entry`, given the chain before it and the operation that it would overrule, if any. */
async function authorise(
  kept: readonly ActiveEntry[],
  overruled: ActiveEntry | undefined,
  entry: Entry,
  fail: (reason: string) => PdsError,
): Promise<{ signedBy: string; rank: number }> {
  const before = kept.at(-1)
  // a genesis is signed by one of its own rotation keys
  const state = before === undefined ? entry.operation.state : before.operation.state
  if (state === undefined) throw fail('after-tombstone')
  const found = await findSigner(state.rotationKeys, entry.operation)
  if ('problem' in found) throw fail(found.problem)
  if (overruled !== undefined) {
    if (found.rank >= overruled.rank) throw fail('recovery-not-allowed')
    if (entry.createdAt - overruled.createdAt > RECOVERY_WINDOW) throw fail('recovery-too-late')
  }
  return { signedBy: found.key, rank: found.rank }
}
