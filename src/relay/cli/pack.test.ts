import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { nodeBinary } from '../../../scripts/lib/run.mjs'
import { encodePack } from '../../pack/pack-writer.ts'
import { encodeTable } from '../../pack/table-writer.ts'
import { PACK_CASES, TABLE_CASES } from '../../pack/testing/cases.ts'
import { readArgs } from './args.ts'
import { showPack } from './pack.ts'

const directory = mkdtempSync(join(tmpdir(), 'cairn-pack-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

let files = 0
function put(content: Uint8Array): string {
  const path = join(directory, `file-${++files}`)
  writeFileSync(path, content)
  return path
}

/** The real program in a process of its own. */
function cairn(...args: string[]): Promise<{ status: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      nodeBinary(),
      [join(process.cwd(), 'src/relay/cli.ts'), ...args],
      { cwd: directory },
      (_error, out, err) => resolve({ status: child.exitCode, out, err }),
    )
  })
}

const caseOf = (name: string): Uint8Array => {
  const { pack, groupThreshold } = PACK_CASES.find((it) => it.name === name) ?? expect.fail(name)
  return encodePack(pack, { groupThreshold })
}

describe('cairn pack', () => {
  it('shows a pack as JSON, bytes in hexadecimal', async () => {
    const bytes = caseOf('records')
    const { status, out, err } = await cairn('pack', put(bytes), '--json')
    expect([status, err]).toEqual([0, ''])
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      format: 'SSP1',
      bytes: bytes.length,
      gzip: false,
      pack: {
        pull: {
          subscriptions: [
            { commits: [{ changes: [{ rowId: '3kabc', row: { value: { bytesHex: 'a0' } } }] }] },
          ],
        },
      },
      checks: [{ subscription: 'sub-1', chain: 'holds', manifests: 'none', artifacts: 'none' }],
      problems: [],
    })
  })

  it('refuses a damaged pack, and names the byte', async () => {
    const bytes = caseOf('push')
    const { status, out } = await cairn('pack', put(bytes.subarray(0, 40)), '--json')
    expect(status).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      format: null,
      problems: [{ code: 'pack.count', offset: 13 }],
    })
    const words = await cairn('pack', put(new Uint8Array([1, 2, 3, 4, 5])))
    expect(words).toMatchObject({ status: 1, err: '', out: expect.stringContaining('no sync pack') })
  })

  it('ends with 2 when it is used wrongly', async () => {
    const { status, out, err } = await cairn('pack', join(directory, 'no-such-file'))
    expect([status, out]).toEqual([2, ''])
    expect(err).toContain('There is no file')
    expect(() => readArgs(['pack'])).toThrow(expect.objectContaining({ code: 'cli.usage' }))
    expect(() => readArgs(['pack', 'a', '--out', 'b'])).toThrow(
      expect.objectContaining({ code: 'cli.usage' }),
    )
    expect(() => showPack(directory, true)).toThrow(expect.objectContaining({ code: 'cli.file' }))
  })

  it.each(PACK_CASES)('shows $name in words and as JSON', ({ pack, groupThreshold }) => {
    const path = put(encodePack(pack, { groupThreshold }))
    expect(showPack(path, false)).toMatchObject({ ok: true, text: expect.stringContaining(': sound\n') })
    expect(JSON.parse(showPack(path, true).text)).toMatchObject({ ok: true, pack: { ok: pack.ok } })
  })

  it.each(TABLE_CASES)('shows $name, plain and compressed', ({ table }) => {
    const bytes = encodeTable(table)
    const [plain, compressed] = [put(bytes), put(gzipSync(bytes))]
    const report = JSON.parse(showPack(plain, true).text)
    expect(report).toMatchObject({ ok: true, format: 'SBT1', gzip: false, table: { table: table.table } })
    expect(report.table.rows).toHaveLength(table.rows.length)
    expect(JSON.parse(showPack(compressed, true).text)).toMatchObject({ gzip: true, table: report.table })
    expect(showPack(compressed, false).text).toContain('gzip')
  })

  it('tells a manifest that holds, and a chain that does not', () => {
    const bootstrap = JSON.parse(showPack(put(caseOf('bootstrap')), true).text)
    expect(bootstrap.checks).toEqual([
      { subscription: 'sub-1', chain: 'none', manifests: 'hold', artifacts: 'broken' },
    ])
    const { pack } = PACK_CASES.find(({ name }) => name === 'inline-rows') ?? expect.fail()
    const [subscription] = pack.pull?.subscriptions ?? []
    if (subscription === undefined) expect.fail()
    const lied = { ...subscription, id: 'other' }
    const text = showPack(put(encodePack({ ok: true, pull: { ok: true, subscriptions: [lied] } })), true).text
    expect(JSON.parse(text)).toMatchObject({ ok: true, checks: [{ chain: 'broken' }] })
  })

  it('refuses what is no gzip, or too much of it', () => {
    const broken = gzipSync(new Uint8Array(100)).fill(0xff, 12)
    expect(JSON.parse(showPack(put(broken), true).text)).toMatchObject({ problems: [{ code: 'pack.chunk' }] })
    const bomb = gzipSync(new Uint8Array(49 << 20))
    expect(JSON.parse(showPack(put(bomb), true).text)).toMatchObject({
      problems: [{ code: 'pack.too-large' }],
    })
  })

  it('lets no control character of a pack reach the terminal', () => {
    const pack = { ok: true, pull: { ok: true, subscriptions: [{ ...hostile }] } } as const
    expect(showPack(put(encodePack(pack)), false).text).not.toContain('\u001b')
  })
})

const hostile = {
  id: '\u001b[2Jgone',
  status: 'active',
  scopes: {},
  bootstrap: false,
  nextCursor: 1,
  commits: [],
} as const
