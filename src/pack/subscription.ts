import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { readCommit, type ColumnsOf } from './commit-reader.ts'
import { writeCommit } from './commit-writer.ts'
import { digestText } from './forms.ts'
import { writeJson } from './json-text.ts'
import { SUBSCRIPTION_STATUSES, type Integrity, type Scopes, type Subscription } from './model.ts'
import { readDigest, readJsonObject, readList, readOption } from './read-parts.ts'
import { readSnapshot, writeSnapshot } from './snapshot.ts'
import type { JsonValue } from './values.ts'

/** What a pull gives for one subscription, both ways. */

export function readSubscription(
  reader: ByteReader,
  columnsOf: ColumnsOf,
  sharesIn: (id: string) => boolean,
): Subscription {
  const id = reader.str32()
  const shares = sharesIn(id)
  const statusAt = reader.offset()
  const name = reader.str16()
  const status = SUBSCRIPTION_STATUSES.find((it) => it === name)
  if (status === undefined) {
    throw reader.error('pack.unknown', { offset: statusAt, reason: 'subscription status' })
  }
  const scopes = readScopes(reader)
  const bootstrap = reader.bool()
  const bootstrapState = readOption(reader, readJsonObject)
  const nextCursor = reader.i64()
  const integrity = readOption(reader, readIntegrity)
  const commits = readList(reader, 32, (it) => readCommit(it, columnsOf, shares))
  const snapshots = readOption(reader, (it) => readList(it, 12, readSnapshot))
  return {
    id,
    status,
    scopes,
    bootstrap,
    ...(bootstrapState === undefined ? {} : { bootstrapState }),
    nextCursor,
    ...(integrity === undefined ? {} : { integrity }),
    commits,
    ...(snapshots === undefined ? {} : { snapshots }),
  }
}

function readScopes(reader: ByteReader): Scopes {
  const offset = reader.offset()
  const value = readJsonObject(reader)
  if (!Object.values(value).every(isScopeValue)) throw reader.error('pack.json', { offset, reason: 'scopes' })
  // Every value was checked.
  return value as Scopes
}

const isScopeValue = (value: JsonValue): boolean =>
  typeof value === 'string' || (Array.isArray(value) && value.every((it) => typeof it === 'string'))

function readIntegrity(reader: ByteReader): Integrity {
  return {
    partitionId: reader.str32(),
    previousChainRoot: readDigest(reader, reader.str32),
    commitChainRoot: readDigest(reader, reader.str32),
    commitSeq: reader.i64(),
  }
}

export function writeSubscription(
  writer: ByteWriter,
  subscription: Subscription,
  groupThreshold: number,
): void {
  const { integrity } = subscription
  writer.str32(subscription.id)
  writer.str16(subscription.status)
  writeJson(writer, subscription.scopes)
  writer.bool(subscription.bootstrap)
  writer.opt(subscription.bootstrapState, (state) => writeJson(writer, state))
  writer.i64(subscription.nextCursor)
  writer.opt(integrity, (it) => {
    writer.str32(it.partitionId)
    writer.str32(digestText(it.previousChainRoot))
    writer.str32(digestText(it.commitChainRoot))
    writer.i64(it.commitSeq)
  })
  writer.list(subscription.commits, (commit) => writeCommit(writer, commit, groupThreshold))
  writer.opt(subscription.snapshots, (snapshots) =>
    writer.list(snapshots, (snapshot) => writeSnapshot(writer, snapshot)),
  )
}
