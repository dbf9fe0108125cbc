import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeWithFixtures } from '../core/testing/fixtures.ts'
import type { PackCommit, SyncPack } from './model.ts'
import { encodePack } from './pack-writer.ts'
import { arbitraryPack } from './testing/arbitrary.ts'
import { PACK_CASES } from './testing/cases.ts'
import { inFixtureForm } from './testing/fixture-form.ts'
import { decodePackAgain } from './testing/second-decoder.ts'
import { MalformedError, decodeTableAgain } from './testing/second-table-decoder.ts'

interface Vector {
  readonly hex: string
  readonly decoded: { readonly pack?: unknown; readonly table?: unknown }
}

const VECTORS = join(import.meta.dirname, 'vectors')

const vectors = readdirSync(VECTORS).map((file): [string, Vector] => {
  // the committed vectors all have this shape; one that has not fails below
  return [file, JSON.parse(readFileSync(join(VECTORS, file), 'utf8')) as Vector]
})

function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

/** As a JSON file holds it: bytes as `{bytesHex}`. */
function inJson(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, it: unknown) => {
      return it instanceof Uint8Array ? { bytesHex: Buffer.from(it).toString('hex') } : it
    }),
  )
}

function decodeVector(bytes: Uint8Array, { decoded }: Vector): unknown {
  return decoded.table ? decodeTableAgain(bytes) : decodePackAgain(bytes)
}

/** The schema of a table travels in its row group alone: without those of tables that have too few rows for one. */
function asSent(pack: SyncPack, groupThreshold: number): unknown {
  const commitAsSent = ({ schemas = [], ...commit }: PackCommit): unknown => {
    const rows = commit.changes.filter((it) => it.op === 'upsert' && it.row !== null)
    const sent = schemas.filter(({ table }) => {
      return rows.filter((it) => it.table === table).length >= groupThreshold
    })
    return { ...commit, ...(sent.length > 0 && { schemas: sent }) }
  }
  if (!pack.pull) return pack
  const subscriptions = pack.pull.subscriptions.map((it) => ({
    ...it,
    commits: it.commits.map(commitAsSent),
  }))
  return { ...pack, pull: { ...pack.pull, subscriptions } }
}

function hasBytes({ pull }: SyncPack): boolean {
  const commits = pull?.subscriptions.flatMap((it) => it.commits) ?? []
  const columns = commits.flatMap((it) => it.schemas ?? []).flatMap((it) => it.columns)
  return columns.some((it) => it.type === 'bytes')
}

describe('a decoder written apart, from the description of the format', () => {
  it.each(vectors)('reads %s as it was written down', (_file, vector) => {
    const read = decodeVector(fromHex(vector.hex), vector)
    expect(inJson(read)).toStrictEqual(vector.decoded.table ?? vector.decoded.pack)
  })

  it.each(vectors)('refuses %s when cut anywhere, or with a byte more', (_file, vector) => {
    const bytes = fromHex(vector.hex)
    for (let size = 0; size < bytes.length; size += 1) {
      expect(() => decodeVector(bytes.subarray(0, size), vector)).toThrow(MalformedError)
    }
    const longer = new Uint8Array([...bytes, 0])
    expect(() => decodeVector(longer, vector)).toThrow(MalformedError)
  })

  it.each(PACK_CASES.map((it) => [it.name, it] as const))(
    'reads what the writer makes of %s',
    (_name, { pack, groupThreshold }) => {
      expect(decodePackAgain(encodePack(pack, { groupThreshold }))).toStrictEqual(pack)
    },
  )

  it('reads what the writer makes of random packs', () => {
    fc.assert(
      fc.property(arbitraryPack, fc.integer({ min: 1, max: 9 }), (pack, least) => {
        // Bytes have no form in JSON: rows that hold some can travel in groups only.
        const groupThreshold = hasBytes(pack) ? 1 : least
        // Objects without a prototype are among the random ones: only what they hold is compared.
        const read = decodePackAgain(encodePack(pack, { groupThreshold }))
        expect(read).toEqual(asSent(pack, groupThreshold))
      }),
      { numRuns: 200 },
    )
  })
})

/** A table `t` of one row, whose one column `c` has this type and these flags, and the row these bytes; all hex. */
function tableHex(type: string, flags: string, row: string): string {
  return `53425431010000000100740100010063${type}${flags}01000000${row}`
}

const hexOf = (text: string) => Buffer.from(text).toString('hex')

describe('the second decoder refuses', () => {
  it.each([
    ['another letter in the magic', '534254320100000001007400000000', 'not SBT1'],
    ['another version', '53425431020000000100740000000000', 'version'],
    ['flags', '53425431010001000100740000000000', 'flags'],
    ['type 0', tableHex('00', '00', '00'), 'code 0'],
    ['type 7', tableHex('07', '00', '00'), 'code 7'],
    ['unknown flags of a column', tableHex('01', '02', '0000000000'), 'column flags'],
    ['null in a column that allows none', tableHex('01', '00', '01'), 'null in a column'],
    ['padding in the null map', tableHex('01', '01', '0200000000'), 'padding'],
    ['boolean 2', tableHex('04', '00', '0002'), 'boolean 2'],
    ['a float that is no number', tableHex('03', '00', '00000000000000f87f'), 'not finite'],
    ['an infinite float', tableHex('03', '00', '00000000000000f07f'), 'not finite'],
    ['2 to the power of 53', tableHex('02', '00', '000000000000002000'), 'safe'],
    ['text that is not UTF-8', tableHex('01', '00', '0001000000ff'), 'UTF-8'],
    ['text that is not JSON', tableHex('05', '00', '00010000007b'), 'JSON'],
    ['rows that take no bytes', '53425431010000000100740000ffffffff', 'rows in 0 bytes'],
  ])('a table with %s', (_what, hex, message) => {
    expect(decodeTableAgain(fromHex(tableHex('01', '01', '01')))).toMatchObject({ rows: [{ c: null }] })
    expect(() => decodeTableAgain(fromHex(hex))).toThrow(new RegExp(message))
  })

  it.each([
    ['another letter in the magic', 'nothing', '53535031', '53535032', 'not SSP1'],
    ['another version', 'nothing', '0e00', '0d00', 'version'],
    ['flags', 'nothing', '0e000000', '0e000100', 'flags'],
    ['boolean 2', 'nothing', '0e00000000', '0e00000002', 'boolean 2'],
    ['mark 2 of an option', 'nothing', '0e0000000000', '0e0000000002', 'boolean 2'],
    ['status 4 of a push', 'push', '010000006101', '010000006104', 'code 4'],
    ['status 0 of an operation', 'push', '0100000000000000010100', '0100000000000000000100', 'code 0'],
    ['scopes in an array', 'revoked', '020000007b7d', '020000005b5d', 'not an object'],
    ['another status', 'revoked', hexOf('revoked'), hexOf('revoker'), 'subscription revoker'],
    ['no such table of a change', 'records', '000005000000336b61', '010005000000336b61', 'no such table'],
    ['operation 3', 'records', '336b6162630102', '336b6162630302', 'code 3'],
    ['a row of kind 3', 'records', '336b6162630102', '336b6162630103', 'kind 3'],
    ['no such group', 'records', '336b616263010200', '336b616263010201', 'no row group 1'],
    ['no such row', 'records', '6301020000000000', '63010200000000ff', 'no row 255'],
    ['no such scopes', 'records', '0000000000010000000000310000', '0000000100010000000000310000', 'scopes'],
    ['no such table of a group', 'records', '00003100000053', '01003100000053', 'no such table'],
    [
      'a group of another table',
      'records',
      '31000000534254310100000012006170',
      '31000000534254310100000012006270',
      'holds',
    ],
    ['a row used twice', 'eight-rows', '726f772d31010200000000010', '726f772d31010200000000000', 'twice'],
    ['an upper-case digest', 'records', `40000000${'30'.repeat(64)}`, `40000000${'41'.repeat(64)}`, 'digest'],
    ['a month 13', 'records', hexOf('2026-09-21T'), hexOf('2026-13-21T'), 'time'],
    ['a time without Z', 'records', hexOf('.009Z'), hexOf('.0099'), 'time'],
    [
      'a manifest of another table',
      'bootstrap',
      hexOf('tasks","asOf'),
      hexOf('tasky","asOf'),
      'table is told',
    ],
    [
      'a manifest of another commit',
      'bootstrap',
      hexOf('42,"scope'),
      hexOf('43,"scope'),
      'asOfCommitSeq is told',
    ],
    [
      'a manifest of another chunk',
      'bootstrap',
      hexOf('"byteLength":10,'),
      hexOf('"byteLength":11,'),
      'byteLength',
    ],
  ])('a pack with %s', (_what, file, from, to, message) => {
    const hex = vectors.find(([name]) => name === `${file}.json`)?.[1].hex ?? ''
    expect(hex.split(from)).toHaveLength(2)
    expect(() => decodePackAgain(fromHex(hex.replace(from, to)))).toThrow(new RegExp(message))
  })
})

describeWithFixtures('the second decoder and the golden files', (dir) => {
  // the fixtures are fixed files of this shape
  const golden = (file: string) =>
    JSON.parse(readFileSync(join(dir, 'sync-pack', file), 'utf8')) as Record<string, unknown>

  it('reads the combined response', () => {
    const { encodedHex, decodedResponse } = golden('binary-sync-pack-v1-combined-response.json')
    const bytes = fromHex(String(encodedHex))
    expect(bytes.length).toBe(1201)
    // to this decoder the scopes are a JSON object, of which it checks no more
    const pack: unknown = decodePackAgain(bytes)
    expect(inJson(inFixtureForm(pack as SyncPack))).toStrictEqual(decodedResponse)
  })

  it('reads the table of tasks', () => {
    const { encodedHex, decodedTable } = golden('binary-snapshot-table-v1-tasks.json')
    expect(inJson(decodeTableAgain(fromHex(String(encodedHex))))).toStrictEqual(decodedTable)
  })
})
