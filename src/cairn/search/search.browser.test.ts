import { expect, it } from 'vitest'
import { createSha256 } from '../../core/hash.ts'
import { editRepo } from '../../repo/testing/edit.ts'
import { generateRepo } from '../../repo/testing/generate.ts'
import type { TestRepo } from '../../repo/testing/repo.ts'
import { openImport } from '../../storage/importer.ts'
import { openIndexedDb } from '../../storage/indexeddb/open.ts'
import type { Storage } from '../../storage/port.ts'
import { fold } from './fold.ts'
import { indexRepo } from './index-repo.ts'
import { createSearch } from './search.ts'
import { recordTexts } from './text.ts'

let now = 1000

async function index(storage: Storage, repo: TestRepo): Promise<void> {
  const session = await openImport({
    storage,
    did: repo.did,
    sha256: await createSha256(),
    random: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    now,
    source: 'file',
    label: 'test.car',
    onCommit: async () => {},
  })
  for (const chunk of repo.car()) await session.write(chunk)
  const snapshot = await session.finish({
    signature: 'unchecked',
    signedBy: undefined,
    identity: undefined,
    now: now++,
    repo: {},
  })
  await indexRepo({
    storage,
    did: repo.did,
    snapshot,
    signal: new AbortController().signal,
    onProgress: () => {},
  })
}

it('finds in a real browser what a plain look at every record finds', async () => {
  const storage = await openIndexedDb({ name: `search-${performance.timeOrigin}` })
  try {
    const first = generateRepo({ seed: 'browser', records: 1500 })
    const repo = editRepo(first, { create: 20, update: 20, delete: 20 })
    await index(storage, first)
    await index(storage, repo)
    const search = createSearch({ storage, clock: { now: () => performance.now() } })
    let total = 0
    for (const text of [
      'morning',
      'CORAÇÃO',
      'strasse',
      '猫',
      '日本語',
      '날씨',
      'ранок',
      'صباح',
      'written at',
    ]) {
      const { hits } = await search.search({ text, limit: 500 }, new Map())
      const found = hits.map((hit) => hit.item.path).sort()
      const expected = repo.records
        .filter(({ bytes }) => recordTexts(bytes).some((it) => fold(it).includes(fold(text))))
        .map(({ path }) => path)
      expect(found).toEqual(expected.toSorted())
      total += hits.length
    }
    // The forty edits say `written at`; the other words must have been found somewhere too.
    expect(total).toBeGreaterThan(40)
  } finally {
    await storage.destroy()
  }
})
