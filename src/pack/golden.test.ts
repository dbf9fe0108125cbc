import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { fromHex, toHex } from '../core/bytes.ts'
import { describeWithFixtures } from '../core/testing/fixtures.ts'
import { chainRoot, checkChain, commitDigest, GENESIS_ROOT } from './chain.ts'
import { checkManifestDigest } from './manifest.ts'
import { decodePack } from './pack-reader.ts'
import { encodePack } from './pack-writer.ts'
import { decodeTable } from './table-reader.ts'
import { encodeTable } from './table-writer.ts'
import { inFixtureForm } from './testing/fixture-form.ts'
import { sha256 } from './testing/sha256.ts'

describeWithFixtures('packs of the format’s own encoder', (dir) => {
  const read = (name: string) => JSON.parse(readFileSync(join(dir, 'sync-pack', name), 'utf8'))
  const bytesOf = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array()

  it('a pack decodes to what it stands for, and encodes to the same bytes', () => {
    const { encodedHex, decodedResponse } = read('binary-sync-pack-v1-combined-response.json')
    const pack = decodePack(bytesOf(encodedHex))
    expect(inFixtureForm(pack)).toEqual(decodedResponse)
    expect(toHex(encodePack(pack))).toBe(encodedHex)
  })

  it('a table decodes to what it stands for, and encodes to the same bytes', () => {
    const { encodedHex, decodedTable } = read('binary-snapshot-table-v1-tasks.json')
    const table = decodeTable(bytesOf(encodedHex))
    expect(table).toEqual(decodedTable)
    expect(toHex(encodeTable(table))).toBe(encodedHex)
  })

  it('digests come out', () => {
    const { encodedHex } = read('binary-sync-pack-v1-combined-response.json')
    const subscription = decodePack(bytesOf(encodedHex)).pull?.subscriptions[0]
    const [commit, manifest] = [subscription?.commits[0], subscription?.snapshots?.[0]?.manifest]
    if (subscription === undefined || commit === undefined || manifest === undefined) expect.fail()
    const place = { partitionId: 'default', subscriptionId: 'sub-tasks' }
    const digest = commitDigest(commit, place, sha256)
    expect(digest).toBe('c5c46a23af425adcc1b6b82638ea6bdf7a8cc0cbf122d2bf8af398f907eaba04')
    expect(chainRoot(GENESIS_ROOT, { commitSeq: 42, commitDigest: digest }, place, sha256)).toBe(
      '6a2649631b772a05f2ba67a3860a95ec5fd8908bedfc4aa768d04557b62c7554',
    )
    // Its own root is a dummy.
    expect(() => checkChain(subscription, sha256)).toThrow(
      expect.objectContaining({ code: 'pack.chain', fields: { reason: 'root' } }),
    )
    expect(manifest.digest).toBe('28906bb034df33f281391be2cc697cdf669646f5e2158f07b6b9a35277cc4b6b')
    expect(() => checkManifestDigest(manifest, sha256)).not.toThrow()
  })
})
