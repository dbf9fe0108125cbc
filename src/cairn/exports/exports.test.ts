import { describe, expect, it } from 'vitest'
import { utf8 } from '../../core/bytes.ts'
import { cidString, CODEC_RAW } from '../../core/cid.ts'
import { joinBytes } from '../../repo/testing/car.ts'
import { generateRepo } from '../../repo/testing/generate.ts'
import { editRepo } from '../../repo/testing/edit.ts'
import { updateRepo } from '../../storage/head.ts'
import { applyRetention } from '../../sync/keep.ts'
import { blobBytesKey, blobKey, snapshotKey, type SnapshotRow } from '../../storage/rows.ts'
import type { Storage } from '../../storage/port.ts'
import { importCar, sha256, withLevel } from '../../storage/testing/node-host.ts'
import type { BlobRow } from '../../sync/blobs.ts'
import type { ExportFile } from '../api.ts'
import { blobName } from './blob-name.ts'
import { createExports } from './exports.ts'
import { streamOf } from './stream.ts'

const repo = generateRepo({ seed: 'exports', records: 900 })

async function bytesOf({ stream }: ExportFile): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return joinBytes(parts)
}

/** A zip's files by name, read from its central directory (APPNOTE 4.3); stored files only, CRCs checked. */
function unzip(zip: Uint8Array<ArrayBuffer>): Map<string, Uint8Array> {
  const view = new DataView(zip.buffer)
  const end = zip.length - 22
  expect(view.getUint32(end, true)).toBe(0x06054b50)
  const files = new Map<string, Uint8Array>()
  let at = view.getUint32(end + 16, true)
  for (let i = 0; i < view.getUint16(end + 10, true); i++) {
    expect(view.getUint32(at, true)).toBe(0x02014b50)
    expect(view.getUint16(at + 10, true)).toBe(0)
    const size = view.getUint32(at + 20, true)
    const nameLength = view.getUint16(at + 28, true)
    const local = view.getUint32(at + 42, true)
    const name = new TextDecoder().decode(zip.subarray(at + 46, at + 46 + nameLength))
    const from = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true)
    const data = zip.subarray(from, from + size)
    expect(crc32(data)).toBe(view.getUint32(at + 16, true))
    files.set(name, data)
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
  }
  return files
}

function crc32(bytes: Uint8Array): number {
  let crc = -1
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}

async function withRepo(use: (storage: Storage, snapshot: SnapshotRow) => Promise<void>): Promise<void> {
  await withLevel(async (storage) => {
    const snapshot = await importCar(storage, repo.did, repo.car())
    await use(storage, snapshot)
  })
}

async function addBlob(
  storage: Storage,
  bytes: Uint8Array<ArrayBuffer>,
  state: BlobRow['state'],
): Promise<string> {
  const cid = cidString(CODEC_RAW, sha256(bytes))
  const value: BlobRow = {
    cid,
    state,
    bytes: bytes.length,
    declaredType: 'text/html',
    imageType: undefined,
    paths: [],
  }
  await storage.write([
    { type: 'put', table: 'blobs', key: blobKey(repo.did, cid), value },
    ...(state === 'kept'
      ? [{ type: 'put-bytes' as const, key: blobBytesKey(repo.did, cid), parts: [bytes] }]
      : []),
  ])
  return cid
}

describe('an exported CAR', () => {
  it('imports again with the same commit and root', async () => {
    await withRepo(async (storage, snapshot) => {
      const file = createExports(storage).file('car', snapshot, 'alice.example.com')
      expect(file.name).toBe(`alice.example.com-${repo.rev}.car`)
      const car = await bytesOf(file)
      await withLevel(async (other) => {
        const again = await importCar(other, repo.did, car, { didKey: repo.didKey })
        expect([again.commitCid, again.root.records]).toEqual([snapshot.commitCid, 900])
        expect(again.data).toEqual(snapshot.data)
      })
    })
  })
})

describe('exported JSON lines', () => {
  it('hold every record in key order', async () => {
    await withRepo(async (storage, snapshot) => {
      const file = createExports(storage).file('jsonl', snapshot, undefined)
      expect(file.name).toBe(`${repo.did.replaceAll(':', '-')}-${repo.rev}.jsonl`)
      const lines = new TextDecoder().decode(await bytesOf(file)).split('\n')
      expect(lines.pop()).toBe('')
      const records = lines.map((line): { uri: string; cid: string; value: { $type?: string } } =>
        JSON.parse(line),
      )
      expect(records.map((it) => it.uri)).toEqual(repo.records.map((it) => `at://${repo.did}/${it.path}`))
      expect(records.map((it) => it.cid)).toEqual(
        repo.records.map((it) => cidString(0x71, it.cid.subarray(4))),
      )
      for (const { uri, value } of records) expect(uri).toContain(`/${value.$type}/`)
    })
  })
})

describe('an exported zip', () => {
  it('holds the CAR, the identity, kept blobs and a README', async () => {
    await withRepo(async (storage, imported) => {
      const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, ...new Uint8Array(3 << 20)])
      const page = utf8('<!doctype html>')
      const image = await addBlob(storage, png, 'kept')
      const text = await addBlob(storage, page, 'kept')
      await addBlob(storage, utf8('elsewhere'), 'missing')
      const identity = {
        did: repo.did,
        handle: 'alice.example.com',
        document: repo.didDocument,
        plcLog: [{ any: 1 }],
      }
      await storage.write([{ type: 'put', table: 'identities', key: 'id', value: identity }])
      const snapshot = { ...imported, identity: 'id' }
      const file = createExports(storage).file('zip', snapshot, 'alice.example.com')
      const base = `alice.example.com-${repo.rev}`
      expect(file.name).toBe(`${base}.zip`)
      const files = unzip(await bytesOf(file))
      expect([...files.keys()].sort()).toEqual(
        ['README.txt', `${base}.car`, `blobs/${image}.png`, `blobs/${text}`, 'identity.json'].sort(),
      )
      expect(files.get(`blobs/${image}.png`)).toEqual(png)
      expect(files.get(`blobs/${text}`)).toEqual(page)
      expect(JSON.parse(new TextDecoder().decode(files.get('identity.json')))).toEqual(identity)
      expect(files.get(`${base}.car`)).toEqual(
        await bytesOf(createExports(storage).file('car', snapshot, undefined)),
      )
      const words = new TextDecoder().decode(files.get('README.txt'))
      expect(words).toContain('Backup of alice.example.com')
      expect(words).toContain('2 images, videos and other files')
      expect(words).toContain('Not in here: 1 file that')
    })
  })

  it('says which blobs it lacks because they could not be read', async () => {
    await withRepo(async (storage, snapshot) => {
      const lost = await addBlob(storage, utf8('lost'), 'kept')
      const there = await addBlob(storage, utf8('there'), 'kept')
      await storage.write([{ type: 'delete-bytes', key: blobBytesKey(repo.did, lost) }])
      const files = unzip(await bytesOf(createExports(storage).file('zip', snapshot, undefined)))
      expect(files.has(`blobs/${there}`)).toBe(true)
      expect(new TextDecoder().decode(files.get('NOT-READ.txt'))).toContain(`\r\n${lost}\r\n`)
      const row = (cid: string) => storage.get('blobs', blobKey(repo.did, cid))
      expect(await row(lost)).toMatchObject({ state: 'wanted' })
      expect(await row(there)).toMatchObject({ state: 'kept' })
    })
  })

  it('has a name that every system takes', async () => {
    await withRepo(async (storage, snapshot) => {
      const { name } = createExports(storage).file('zip', snapshot, 'con.example.com')
      expect(name).toBe(`_con.example.com-${repo.rev}.zip`)
    })
  })

  it('can be cancelled in the midst of the CAR and in the midst of a blob', async () => {
    await withRepo(async (storage, snapshot) => {
      await addBlob(storage, new Uint8Array(6 << 20), 'kept')
      const open = new Set<string>()
      const watched: Storage = {
        ...storage,
        async readRanges(ranges) {
          open.add('car')
          return storage.readRanges(ranges)
        },
        async readBytes(key, from, to) {
          open.add(`blob ${from}`)
          return storage.readBytes(key, from, to)
        },
      }
      for (const stop of ['car', 'blob 1048576']) {
        open.clear()
        const reader = createExports(watched).file('zip', snapshot, undefined).stream.getReader()
        while (!open.has(stop)) expect((await reader.read()).done).toBe(false)
        await reader.cancel()
        expect(open.has('blob 5242880')).toBe(false)
        expect((await reader.read()).done).toBe(true)
      }
    })
  })
})

describe('a snapshot that is exported', () => {
  it.each(['car', 'jsonl', 'zip'] as const)(
    'as %s stays until that is over, whatever retention says',
    async (format) => {
      await withRepo(async (storage, snapshot) => {
        const next = editRepo(repo, { create: 1 })
        const head = await importCar(storage, repo.did, next.car(), { base: snapshot })
        await updateRepo(storage, repo.did, (row) => ({ ...row, keepLast: 1 }))
        const reader = createExports(storage).file(format, snapshot, undefined).stream.getReader()
        expect((await reader.read()).done).toBe(false)
        expect(await applyRetention(storage, repo.did)).toBe(false)
        await reader.cancel()
        expect(await applyRetention(storage, repo.did)).toBe(true)
        expect(await storage.keys('snapshots')).toEqual([snapshotKey(repo.did, head.id)])
      })
    },
  )
})

describe('a stream', () => {
  it('makes nothing before it is asked, ends its source when cancelled, and passes errors on', async () => {
    const log: string[] = []
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (let i = 0; ; i++) {
          log.push(`made ${i}`)
          yield Uint8Array.of(i)
        }
      } finally {
        log.push('ended')
      }
    }
    const reader = streamOf(source(), async () => void log.push('cancelled')).getReader()
    await Promise.resolve()
    expect(log).toEqual([])
    await reader.read()
    expect(log).toEqual(['made 0'])
    await reader.cancel()
    expect(log).toEqual(['made 0', 'ended', 'cancelled'])

    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Uint8Array.of(1)
      throw new Error('gone')
    }
    const second = streamOf(broken()).getReader()
    await second.read()
    await expect(second.read()).rejects.toThrow('gone')
  })
})

describe("a blob's name", () => {
  it.each([
    [[0xff, 0xd8, 0xff, 0xe0], 'blobs/x.jpg'],
    [[0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70, 0x69, 0x73, 0x6f, 0x6d], 'blobs/x.mp4'],
    [[0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70, 0x61, 0x76, 0x69, 0x66], 'blobs/x.avif'],
    [[0x1a, 0x45, 0xdf, 0xa3], 'blobs/x.webm'],
    [[0x3c, 0x73, 0x76, 0x67], 'blobs/x'],
    [[], 'blobs/x'],
  ])('of %j is %s', (head, name) => {
    expect(blobName('x', Uint8Array.from(head))).toBe(name)
  })
})
