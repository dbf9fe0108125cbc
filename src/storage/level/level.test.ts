import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { describe, expect, it } from 'vitest'
import { expectBytes, expectCode, pattern } from '../compliance/subject.ts'
import { storageCompliance, type Opened } from '../compliance.ts'
import type { Storage } from '../port.ts'
import { stageBlob } from './byte-values.ts'
import type { Level } from './layout.ts'
import { openLevel } from './open.ts'

async function open(): Promise<Opened & { directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-level-'))
  const opened: Storage[] = [await openLevel(directory)]
  return {
    directory,
    storage: opened[0] as Storage,
    async reopen() {
      for (const one of opened) await one.close()
      const again = await openLevel(directory)
      opened.push(again)
      return again
    },
    async cleanup() {
      for (const one of opened) await one.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

storageCompliance('LevelDB', { open })

/** Everything in the database, below the port. */
async function rawKeys(directory: string): Promise<string[]> {
  const db = new ClassicLevel(directory)
  try {
    return await db.keys().all()
  } finally {
    await db.close()
  }
}

describe('LevelDB only', () => {
  it('lets one owner in', async () => {
    const { directory, cleanup } = await open()
    await expectCode(openLevel(directory), 'storage.blocked')
    await cleanup()
  })

  it('leaves nothing behind of values that were replaced, deleted or refused', async () => {
    const { storage, directory, cleanup } = await open()
    const put = (key: string, size: number) => ({ type: 'put-bytes', key, parts: [pattern(size)] }) as const
    await storage.write([put('a', 300_000), put('b', 300_000)])
    await storage.write([
      put('a', 70_000),
      { type: 'put-blob', key: 'b', blob: new Blob([pattern(300_000)]) },
    ])
    const guards = [{ table: 'meta', key: 'x', holds: () => false }] as const
    await expectCode(
      storage.write([{ type: 'put-blob', key: 'c', blob: new Blob([pattern(300_000)]) }], { guards }),
      'storage.conflict',
    )
    await storage.write([{ type: 'delete-bytes', key: 'b' }])
    await storage.close()
    const keys = await rawKeys(directory)
    expect(keys.filter((key) => key.startsWith('b/'))).toEqual(['b/a'])
    expect(keys.filter((key) => key.startsWith('c/'))).toHaveLength(2)
    expect(keys).toHaveLength(3)
    await cleanup()
  })

  it('sweeps at the next start what a crash left of a Blob, and nothing else', async () => {
    const { storage, directory, reopen, cleanup } = await open()
    const blob = new Blob([pattern(300_000)])
    await storage.write([{ type: 'put-blob', key: 'kept', blob }])
    await storage.close()
    const db: Level = new ClassicLevel(directory, { keyEncoding: 'utf8', valueEncoding: 'view' })
    await stageBlob(db, blob)
    await db.close()
    expect((await rawKeys(directory)).filter((key) => key.startsWith('c/'))).toHaveLength(10)
    const again = await reopen()
    expectBytes(await again.readBytes('kept'), pattern(300_000))
    await again.close()
    const keys = await rawKeys(directory)
    expect(keys.filter((key) => key.startsWith('c/'))).toHaveLength(5)
    expect(keys.filter((key) => key.startsWith('s/'))).toEqual([])
    await cleanup()
  })

  it('does not say saved when its directory was removed underneath', async () => {
    const { storage, directory, cleanup } = await open()
    let losses = 0
    storage.onLost(() => losses++)
    await storage.write([{ type: 'put', table: 'meta', key: 'a', value: 1 }])
    await rm(directory, { recursive: true })
    await expectCode(storage.write([{ type: 'put', table: 'meta', key: 'a', value: 2 }]), 'storage.gone', {
      reason: 'deleted',
    })
    await expectCode(storage.get('meta', 'a'), 'storage.gone', { reason: 'deleted' })
    expect(losses).toBe(1)
    await cleanup()
  })

  it('counts the bytes of its directory', async () => {
    const { storage, cleanup } = await open()
    await storage.write([{ type: 'put-bytes', key: 'a', parts: [pattern(1_000_000)] }])
    const { usage } = await storage.estimate()
    expect(usage).toBeGreaterThan(1_000_000)
    expect(usage).toBeLessThan(5_000_000)
    await cleanup()
  })
})
