import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { readChunkRef, writeChunkRef } from './chunk.ts'
import { PackError } from './errors.ts'
import { readJson, readJsonNotNull, writeJson } from './json-text.ts'
import { checkSnapshot, parseManifest } from './manifest.ts'
import type { Snapshot } from './model.ts'
import { readJsonObject, readList, readOption } from './read-parts.ts'
import { isJsonObject, type JsonObject } from './values.ts'

/** A page of a table as a whole, both ways. */

export function readSnapshot(reader: ByteReader): Snapshot {
  const offset = reader.offset()
  const table = reader.str16()
  const rows = readList(reader, 4, readJson)
  const chunks = readOption(reader, (it) => readList(it, 18, readChunkRef))
  const isFirstPage = reader.bool()
  const isLastPage = reader.bool()
  const bootstrapStateAfter = readOption(reader, readJsonObject)
  const manifestAt = reader.offset()
  const manifestJson = readOption(reader, readJsonObject)
  const artifacts = readOption(reader, readArtifacts)
  const manifest = manifestJson && at(reader, manifestAt, () => parseManifest(manifestJson))
  const snapshot: Snapshot = {
    table,
    rows,
    ...(chunks === undefined ? {} : { chunks }),
    isFirstPage,
    isLastPage,
    ...(bootstrapStateAfter === undefined ? {} : { bootstrapStateAfter }),
    ...(manifest === undefined ? {} : { manifest }),
    ...(artifacts === undefined ? {} : { artifacts }),
  }
  at(reader, offset, () => checkSnapshot(snapshot))
  return snapshot
}

/** Does `work`, and gives its errors the offset of what they are about. */
function at<T>(reader: ByteReader, offset: number, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof PackError)) throw error
    throw reader.error(error.code, { ...error.fields, offset })
  }
}

function readArtifacts(reader: ByteReader): JsonObject[] {
  const offset = reader.offset()
  const value = readJsonNotNull(reader)
  if (!Array.isArray(value) || !value.every(isJsonObject)) {
    throw reader.error('pack.json', { offset, reason: 'artifacts' })
  }
  return value
}

/** Throws `pack.manifest` when the parts do not say the same, `pack.value`. */
export function writeSnapshot(writer: ByteWriter, snapshot: Snapshot): void {
  checkSnapshot(snapshot)
  writer.str16(snapshot.table)
  writer.list(snapshot.rows, (row) => writeJson(writer, row))
  writer.opt(snapshot.chunks, (chunks) => writer.list(chunks, (ref) => writeChunkRef(writer, ref)))
  writer.bool(snapshot.isFirstPage)
  writer.bool(snapshot.isLastPage)
  writer.opt(snapshot.bootstrapStateAfter, (state) => writeJson(writer, state))
  // A manifest is plain JSON; its type has no index signature to say so.
  writer.opt(snapshot.manifest as JsonObject | undefined, (manifest) => {
    parseManifest(manifest)
    writeJson(writer, manifest)
  })
  writer.opt(snapshot.artifacts, (artifacts) => writeJson(writer, artifacts))
}
