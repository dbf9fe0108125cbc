import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CairnError } from '../core/errors.ts'
import { describeWithFixtures } from '../core/testing/fixtures.ts'
import { toHex } from '../core/bytes.ts'
import { multikeyToDidKey } from '../repo/signature.ts'
import { visit } from '../repo/mst/read.ts'
import { hostileCars, legalCars } from '../repo/testing/hostile.ts'
import { readCarCommit } from './car-commit.ts'
import { exportCar } from './export-car.ts'
import { createSegmentReader } from './segment-reader.ts'
import { importCar, withLevel } from './testing/node-host.ts'

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  const out: Uint8Array[] = []
  for (let i = 0; i < bytes.length; i += size) out.push(bytes.subarray(i, i + size))
  return out
}

describe('an import refuses', () => {
  it.each(hostileCars().map((it) => [it.name, it] as const))('%s', async (_name, hostile) => {
    await withLevel(async (storage) => {
      for (const size of [hostile.car.length + 1, 97]) {
        const failure = await importCar(storage, hostile.did, pieces(hostile.car, size), {
          didKey: hostile.didKey,
        }).catch((error: unknown) => error)
        expect(failure).toBeInstanceOf(CairnError)
        expect([hostile.code, ...(hostile.alsoFine ?? [])]).toContain((failure as CairnError).code)
        expect(await storage.get('repos', hostile.did)).toBeUndefined()
        expect(await storage.count('snapshots')).toBe(0)
      }
    })
  })
})

describe('an import accepts', () => {
  it.each(legalCars().map((it) => [it.name, it] as const))('%s', async (_name, legal) => {
    await withLevel(async (storage) => {
      const snapshot = await importCar(storage, legal.did, pieces(legal.car, 1000), { didKey: legal.didKey })
      expect(snapshot.root.records).toBe(legal.records.length)
      const reader = createSegmentReader(storage, legal.did)
      const found: { path: string; bytes: string }[] = []
      const entries: { key: string; place: { segment: number; offset: number; length: number } }[] = []
      await visit(reader, snapshot.root, { skip: 0, reverse: false }, (entry) => {
        entries.push(entry)
        return true
      })
      const values = await reader.records(entries.map((it) => it.place))
      entries.forEach((it, i) => found.push({ path: it.key, bytes: toHex(values[i] ?? new Uint8Array()) }))
      expect(found).toEqual(legal.records.map((it) => ({ path: it.path, bytes: toHex(it.bytes) })))
    })
  })
})

describeWithFixtures('real repositories', (dir) => {
  const car = (name: string): Uint8Array => readFileSync(join(dir, 'cars', name))

  it.each([
    ['bnewbold.robocracy.org.20250310.car', 38, 3],
    ['testpds-alice-full.car', 1110, 3],
    ['indigo-greenground.2023-09.repo.car', undefined, 3],
    ['indigo-greenground.2023-04.repo.car', undefined, 2],
    ['indigo-bafyreieovfui.car', undefined, 2],
    ['rsky-valid_repo.car', undefined, 3],
  ] as const)('%s is taken whole and exports to the same tree', async (name, records, version) => {
    await withLevel(async (storage) => {
      const bytes = car(name)
      const commit = await readCarCommit(new Blob([bytes as Uint8Array<ArrayBuffer>]))
      const snapshot = await importCar(storage, commit.commit.did, bytes)
      expect(snapshot.version).toBe(version)
      if (records !== undefined) expect(snapshot.root.records).toBe(records)
      const again: Uint8Array[] = []
      for await (const chunk of exportCar(storage, snapshot)) again.push(chunk)
      await withLevel(async (other) => {
        const copy = await importCar(other, snapshot.did, again)
        expect(copy.commitCid).toBe(snapshot.commitCid)
        expect(copy.collections).toEqual(snapshot.collections)
      })
    })
  })

  it('a slice of a tree is refused as a whole repository', async () => {
    await withLevel(async (storage) => {
      const bytes = car('indigo-repo_slice.car')
      const commit = await readCarCommit(new Blob([bytes as Uint8Array<ArrayBuffer>]))
      await expect(importCar(storage, commit.commit.did, bytes)).rejects.toMatchObject({
        code: expect.stringMatching(/repo\.(node|record)-missing/) as string,
      })
    })
  })

  it('a since answer alone is no repository', async () => {
    await withLevel(async (storage) => {
      const bytes = car('testpds-alice-since.car')
      const commit = await readCarCommit(new Blob([bytes as Uint8Array<ArrayBuffer>]))
      await expect(importCar(storage, commit.commit.did, bytes)).rejects.toMatchObject({
        code: expect.stringMatching(/repo\.(node|record)-missing/) as string,
      })
    })
  })

  it('the signature is by the key of the DID document', async () => {
    await withLevel(async (storage) => {
      const document = JSON.parse(readFileSync(join(dir, 'cars/testpds-alice-plc.json'), 'utf8')) as {
        id: string
        verificationMethod: [{ type: string; publicKeyMultibase: string }]
      }
      const didKey = multikeyToDidKey(document.verificationMethod[0])
      if (didKey === undefined) throw new Error('no key in the fixture')
      const base = await importCar(storage, document.id, car('testpds-alice-full.car'), { didKey })
      const same = await importCar(storage, document.id, car('testpds-alice-since.car'), {
        didKey,
        base,
        partial: true,
      })
      expect(same.root).toEqual(base.root)
    })
  })
})
