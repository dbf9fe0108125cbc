import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { nodeBinary } from '../../../scripts/lib/run.mjs'
import { jsonLine } from '../../cairn/exports/json-line.ts'
import { describeWithFixtures } from '../../core/testing/fixtures.ts'
import { joinBytes } from '../../repo/testing/car.ts'
import { generateRepo } from '../../repo/testing/generate.ts'
import { hostileCars, legalCars } from '../../repo/testing/hostile.ts'
import { didDocument } from '../../repo/testing/keys.ts'
import { readArgs } from './args.ts'
import { exportFile } from './export.ts'
import { inspectFile } from './inspect.ts'

const directory = mkdtempSync(join(tmpdir(), 'cairn-cli-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

let files = 0
function put(content: Uint8Array | string, name = `file-${++files}`): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

interface Ended {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

/** The real program in a process of its own. */
function cairn(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      nodeBinary(),
      [join(process.cwd(), 'src/relay/cli.ts'), ...args],
      { cwd: directory, maxBuffer: 64 << 20 },
      (_error, out, err) => resolve({ status: child.exitCode, out, err }),
    )
  })
}

const repo = generateRepo({ seed: 'cli', records: 300 })
const car = put(joinBytes(repo.car()), 'repo.car')
const doc = put(JSON.stringify(repo.didDocument), 'did.json')
const documentOf = (did: string, didKey: string): string =>
  put(
    JSON.stringify({
      id: did,
      verificationMethod: [
        { id: `${did}#atproto`, type: 'Multikey', controller: did, publicKeyMultibase: didKey.slice(8) },
      ],
    }),
  )

describe('cairn inspect', () => {
  it('says what a sound file holds', async () => {
    const { status, out, err } = await cairn('inspect', car, '--did-doc', doc, '--json')
    expect([status, err]).toEqual([0, ''])
    const report: { collections: { nsid: string; records: number; bytes: number }[] } = JSON.parse(out)
    expect(report).toEqual({
      ok: true,
      did: repo.did,
      rev: repo.rev,
      version: 3,
      commit: expect.stringMatching(/^bafyrei[a-z2-7]{52}$/),
      records: 300,
      blocks: repo.blocks().length,
      bytes: readFileSync(car).length,
      collections: expect.any(Array),
      signature: 'valid',
      signedBy: repo.didKey,
      key: 'current',
      problems: [],
    })
    const nsids = [...new Set(repo.records.map((it) => it.path.slice(0, it.path.indexOf('/'))))]
    expect(report.collections.map((it) => it.nsid)).toEqual(nsids)
    const likes = repo.records.filter((it) => it.path.startsWith('app.bsky.feed.like/'))
    expect(report.collections.find((it) => it.nsid === 'app.bsky.feed.like')).toEqual({
      nsid: 'app.bsky.feed.like',
      records: likes.length,
      bytes: likes.reduce((sum, it) => sum + it.bytes.length, 0),
    })
  })

  it('checks no signature without a document, and says so', async () => {
    const { status, out } = await cairn('inspect', car)
    expect(status).toBe(0)
    expect(out).toContain('repo.car: sound')
    expect(out).toContain('signature   not checked')
    expect(JSON.parse((await cairn('inspect', car, '--json')).out)).toMatchObject({
      ok: true,
      signature: 'unchecked',
    })
  })

  it('refuses a damaged file', async () => {
    const bytes = readFileSync(car)
    bytes[5000] = (bytes[5000] ?? 0) ^ 1
    const { status, out } = await cairn('inspect', put(bytes, 'damaged.car'), '--json')
    expect(status).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      problems: [{ code: 'repo.bad-hash', offset: expect.any(Number) }],
    })
  })
})

describe('cairn verify', () => {
  it("asks for the account's own signature", async () => {
    expect((await cairn('verify', car, '--did-doc', doc)).status).toBe(0)
    const other = put(
      JSON.stringify(didDocument(repo.did, repo.handle, generateRepo({ seed: 'other', records: 0 }).key)),
    )
    const { status, out } = await cairn('verify', car, '--did-doc', other, '--json')
    expect(status).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      signature: 'invalid',
      records: 300,
      problems: [{ code: 'repo.bad-signature' }],
    })
  })

  it('takes the identity.json of a backup, and refuses that of another account', async () => {
    const kept = { did: repo.did, handle: repo.handle, document: repo.didDocument }
    expect((await inspectFile(car, put(JSON.stringify(kept)), undefined)).signature).toBe('valid')
    const other = generateRepo({ seed: 'stranger', records: 0 })
    const report = await inspectFile(car, put(JSON.stringify(other.didDocument)), undefined)
    expect(report).toMatchObject({
      ok: false,
      signature: 'invalid',
      problems: [{ code: 'repo.did-mismatch', expected: other.did, found: repo.did }],
    })
    const log = await inspectFile(car, doc, put('[]'))
    expect(log).toMatchObject({ ok: false, problems: [{ code: 'pds.plc-log-invalid' }] })
  })
})

describe('cairn export', () => {
  const expected = repo.records.map(({ path, cid, bytes }) =>
    jsonLine(repo.did, { path, digest: cid.subarray(4), bytes }),
  )

  it('writes every record in key order, to standard output or a file', async () => {
    const { status, out, err } = await cairn('export', car, '--to', 'jsonl')
    expect([status, err]).toEqual([0, ''])
    expect(out.split('\n')).toEqual([...expected, ''])
    const target = join(directory, 'out.jsonl')
    expect(await cairn('export', car, '--to', 'jsonl', '--out', target)).toEqual({
      status: 0,
      out: '',
      err: '',
    })
    expect(readFileSync(target, 'utf8')).toBe(out)
  })

  it('writes nothing of a file that is refused', async () => {
    const cut = put(readFileSync(car).subarray(0, -100), 'cut.car')
    const target = join(directory, 'cut.jsonl')
    const { status, out, err } = await cairn('export', cut, '--to', 'jsonl', '--out', target)
    expect([status, out]).toEqual([1, ''])
    expect(err).toContain('The file is cut off. [repo.car-truncated')
    expect([existsSync(target), existsSync(`${target}.part`)]).toEqual([false, false])
  })
})

describe('wrong usage', () => {
  it.each([
    [[], 'Say what to do'],
    [['frobnicate'], 'There is no command'],
    [['inspect'], 'Which file?'],
    [['inspect', 'a', 'b'], 'One file at a time'],
    [['inspect', 'a', '--nonsense'], 'nonsense'],
    [['inspect', 'a', '--to', 'jsonl'], 'takes no --to'],
    [['inspect', 'a', '--plc-log', 'b'], '--plc-log goes with'],
    [['verify', 'a'], '--did-doc FILE'],
    [['export', 'a'], '--to jsonl'],
    [['export', 'a', '--to', 'xml'], 'There is no format'],
  ])('%j is told so', (args, words) => {
    expect(() => readArgs(args)).toThrow(
      expect.objectContaining({ code: 'cli.usage', sentence: expect.stringContaining(words) }),
    )
  })

  it.each([
    ['no-such-file.car', undefined, 'There is no file'],
    [directory, undefined, 'Not a plain file'],
    [car, 'no-such-file.json', 'There is no file'],
    [car, car, 'Not JSON'],
    [car, put('[]'), 'Not a DID document'],
  ])('%s with %s is told so', async (file, didDoc, words) => {
    await expect(inspectFile(file, didDoc, undefined)).rejects.toMatchObject({
      code: 'cli.file',
      sentence: expect.stringContaining(words),
    })
  })

  it('ends with 2, and asking for help does not', async () => {
    for (const args of [['inspect'], ['inspect', 'no-such-file.car']]) {
      const { status, out, err } = await cairn(...args)
      expect([status, out]).toEqual([2, ''])
      expect(err).not.toContain('at ')
    }
    expect(await cairn('inspect', '-h')).toMatchObject({
      status: 0,
      err: '',
      out: expect.stringContaining('cairn inspect FILE'),
    })
  })
})

describe('every hostile file', () => {
  it.each(hostileCars().map((it) => [it.name, it] as const))('%s is refused', async (_name, hostile) => {
    const path = put(hostile.car)
    const report = await inspectFile(path, documentOf(hostile.did, hostile.didKey), undefined)
    expect(report.ok).toBe(false)
    const codes = report.problems.map((it) => it.code)
    expect([hostile.code, ...(hostile.alsoFine ?? [])].some((code) => codes.includes(code))).toBe(true)
    let written = ''
    await exportFile(path, async (text) => void (written += text))
    // A signature is not asked for when records are only to be read.
    if (!codes.every((code) => /signature|high-s|did-mismatch|key/.test(code))) expect(written).toBe('')
    rmSync(path)
  })
})

describe('every legal file', () => {
  it.each(legalCars().map((it) => [it.name, it] as const))('%s is read whole', async (_name, legal) => {
    const path = put(legal.car)
    const report = await inspectFile(path, documentOf(legal.did, legal.didKey), undefined)
    expect(report).toMatchObject({ ok: true, signature: 'valid', records: legal.records.length })
    let written = ''
    await exportFile(path, async (text) => void (written += text))
    const lines = legal.records.map(({ path: key }) => `at://${legal.did}/${key}`)
    const uris = written
      .split('\n')
      .slice(0, -1)
      .map((line): string => {
        const { uri }: { uri: string } = JSON.parse(line)
        return uri
      })
    expect(uris).toEqual(lines)
    rmSync(path)
  })
})

describeWithFixtures('real files', (dir) => {
  const file = (name: string): string => join(dir, 'cars', name)

  it.each([
    ['bnewbold.robocracy.org.20250310.car', 38, 3],
    ['testpds-alice-full.car', 1110, 3],
    ['indigo-bafyreieovfui.car', 6, 2],
    ['indigo-greenground.2023-04.repo.car', 50, 2],
    ['rsky-valid_repo.car', 6, 3],
  ])('%s is sound', async (name, records, version) => {
    expect(await inspectFile(file(name), undefined, undefined)).toMatchObject({
      ok: true,
      records,
      version,
      signature: 'unchecked',
    })
  })

  it('a partial tree is refused', async () => {
    for (const name of [
      'indigo-repo_slice.car',
      'testpds-alice-since.car',
      'testpds-alice-record-proof.car',
    ]) {
      expect((await inspectFile(file(name), undefined, undefined)).ok).toBe(false)
    }
  })

  it("verifies by the account's own document", async () => {
    const { status, out } = await cairn(
      'verify',
      file('testpds-alice-full.car'),
      '--did-doc',
      file('testpds-alice-plc.json'),
    )
    expect(status).toBe(0)
    expect(out).toContain("valid, by the account's current key")
  })
})
