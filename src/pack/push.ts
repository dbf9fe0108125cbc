import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { readJson, writeJson } from './json-text.ts'
import { readList, readOption } from './read-parts.ts'
import { PUSH_STATUSES, type OperationResult, type PushedCommit, type PushResponse } from './model.ts'

/** The answer to a push, both ways. */

const APPLIED = 1
const CONFLICT = 2
const ERROR = 3

export function readPush(reader: ByteReader): PushResponse {
  return { ok: reader.bool(), commits: readList(reader, 11, readPushedCommit) }
}

function readPushedCommit(reader: ByteReader): PushedCommit {
  const ok = reader.bool()
  const clientCommitId = reader.str32()
  const at = reader.offset()
  const status = PUSH_STATUSES[reader.u8() - 1]
  if (status === undefined) throw reader.error('pack.unknown', { offset: at, reason: 'push status' })
  const commitSeq = readOption(reader, reader.i64)
  const results = readList(reader, 5, readResult)
  return { ok, clientCommitId, status, ...(commitSeq === undefined ? {} : { commitSeq }), results }
}

function readResult(reader: ByteReader): OperationResult {
  const opIndex = reader.i32()
  const at = reader.offset()
  const status = reader.u8()
  if (status === APPLIED) return { opIndex, status: 'applied' }
  if (status !== CONFLICT && status !== ERROR) {
    throw reader.error('pack.unknown', { offset: at, reason: 'result status' })
  }
  const text = reader.str32()
  const code = readOption(reader, reader.str32)
  const coded = code === undefined ? {} : { code }
  if (status === CONFLICT) {
    const serverVersion = reader.i64()
    const serverRow = readJson(reader)
    return { opIndex, status: 'conflict', message: text, ...coded, serverVersion, serverRow }
  }
  const retriable = readOption(reader, reader.bool)
  return {
    opIndex,
    status: 'error',
    error: text,
    ...coded,
    ...(retriable === undefined ? {} : { retriable }),
  }
}

export function writePush(writer: ByteWriter, { ok, commits }: PushResponse): void {
  writer.bool(ok)
  writer.list(commits, (commit) => {
    writer.bool(commit.ok)
    writer.str32(commit.clientCommitId)
    writer.u8(PUSH_STATUSES.indexOf(commit.status) + 1)
    writer.opt(commit.commitSeq, writer.i64)
    writer.list(commit.results, (result) => writeResult(writer, result))
  })
}

function writeResult(writer: ByteWriter, result: OperationResult): void {
  writer.i32(result.opIndex)
  if (result.status === 'applied') {
    writer.u8(APPLIED)
  } else if (result.status === 'conflict') {
    writer.u8(CONFLICT)
    writer.str32(result.message)
    writer.opt(result.code, writer.str32)
    writer.i64(result.serverVersion)
    writeJson(writer, result.serverRow)
  } else {
    writer.u8(ERROR)
    writer.str32(result.error)
    writer.opt(result.code, writer.str32)
    writer.opt(result.retriable, writer.bool)
  }
}
