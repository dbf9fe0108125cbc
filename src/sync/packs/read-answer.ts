import { isDid } from '../../core/syntax.ts'
import { NetError } from '../../net/errors.ts'
import { PackError } from '../../pack/errors.ts'
import type { PushedCommit, Subscription, SyncPack } from '../../pack/model.ts'
import { decodePack } from '../../pack/pack-reader.ts'
import type { Column } from '../../pack/table-model.ts'
import { type PullAsk, type PushAsk, RECORD_COLUMN, SCHEMA_VERSION } from './model.ts'
import { readRefusal } from './refusal.ts'
import { PackWireError } from './wire-errors.ts'

/** What one request was answered with, each answer to something that was asked. */
export interface Answers {
  /** by id; those left out are not here */
  readonly pulled: ReadonlyMap<string, Subscription>
  /** by the commit's id */
  readonly pushed: ReadonlyMap<string, PushedCommit>
}

const RECORD: readonly Column[] = [{ name: RECORD_COLUMN, type: 'bytes' }]

/**
 * Reads an answer: a pack whose rows are records, with subscriptions that were asked for, each at most once, and
 * for each pushed commit what became of it. What it says of a repo is yet to be proven.
 *
 * @throws PackError and NetError `net.malformed` for what is no answer to this; `net.refused` ({ reason: its
 * code }); PackWireError `sync.upgrade-needed`, `sync.peer-outdated`. All with `peer`.
 */
export function readAnswer(
  bytes: Uint8Array,
  asked: { readonly peer: string; readonly pull: readonly PullAsk[]; readonly push: readonly PushAsk[] },
): Answers {
  const { peer, pull, push } = asked
  throwRefusal(bytes, peer)
  const pack = decode(bytes, peer)
  checkSchema(pack, peer)
  const must = (holds: boolean, reason: string): void => {
    if (!holds) throw new NetError('net.malformed', { peer, reason })
  }
  const pulled = new Map<string, Subscription>()
  const waiting = new Set(pull.map((it) => it.id))
  must((pack.pull !== undefined) === pull.length > 0, 'pull')
  if (pack.pull?.ok === false) throw new NetError('net.refused', { peer, reason: 'pull' })
  for (const subscription of pack.pull?.subscriptions ?? []) {
    must(waiting.delete(subscription.id), 'subscription')
    pulled.set(subscription.id, subscription)
  }
  const pushed = new Map<string, PushedCommit>()
  const sent = new Map(push.map((it) => [it.clientCommitId, it.operations.length]))
  must((pack.push !== undefined) === push.length > 0, 'push')
  for (const commit of pack.push?.commits ?? []) {
    const operations = sent.get(commit.clientCommitId)
    must(operations !== undefined && sent.delete(commit.clientCommitId), 'commit')
    must(
      commit.results.every(({ opIndex }) => opIndex >= 0 && opIndex < (operations ?? 0)),
      'operation',
    )
    must(commit.ok === (commit.status !== 'rejected'), 'status')
    pushed.set(commit.clientCommitId, commit)
  }
  must(sent.size === 0, 'push')
  return { pulled, pushed }
}

/** @throws NetError `net.refused` when this is a refusal */
export function throwRefusal(bytes: Uint8Array, peer: string): void {
  const refusal = readRefusal(bytes)
  if (refusal === undefined) return
  throw new NetError('net.refused', { peer, reason: refusal.error, retriable: refusal.retryable })
}

function decode(bytes: Uint8Array, peer: string): SyncPack {
  try {
    // Records of a public repo are copied as they are taken: each on its own first would cost more than reading them.
    return decodePack(bytes, { columnsOf: () => RECORD, sharesIn: isDid })
  } catch (error) {
    if (!(error instanceof PackError)) throw error
    throw new PackError(error.code, { ...error.fields, peer }, { cause: error })
  }
}

/** A pack that is not ok says which schema is needed; it is one before ours or one after it. */
function checkSchema({ ok, requiredSchemaVersion, latestSchemaVersion }: SyncPack, peer: string): void {
  const known = SCHEMA_VERSION
  if (requiredSchemaVersion !== undefined && requiredSchemaVersion > known)
    throw new PackWireError('sync.upgrade-needed', { peer, needed: requiredSchemaVersion, known })
  if (ok) return
  if (latestSchemaVersion !== undefined && latestSchemaVersion < known)
    throw new PackWireError('sync.peer-outdated', { peer, needed: known, known: latestSchemaVersion })
  throw new NetError('net.refused', { peer, reason: 'not-ok' })
}
