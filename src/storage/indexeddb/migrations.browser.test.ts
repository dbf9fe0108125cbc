import { deleteDB, openDB } from 'idb'
import { describe, expect, it } from 'vitest'
import { expectBytes, expectCode } from '../compliance/subject.ts'
import { TABLES } from '../port.ts'
import { connect } from './connection.ts'
import { migrations, type Migration } from './migrations.ts'
import { openIndexedDb } from './open.ts'
import { makeVersion1, VERSION_1_BYTES, VERSION_1_ROWS } from './testing/version-1.ts'

let made = 0
const freshName = () => `migrations-${performance.timeOrigin}-${made++}`

async function expectVersion1Rows(name: string): Promise<void> {
  const raw = await openDB(name)
  for (const [table, rows] of Object.entries(VERSION_1_ROWS)) {
    for (const [key, value] of rows) expect(await raw.get(table, key)).toEqual(value)
    expect(await raw.count(table)).toBe(rows.length)
  }
  raw.close()
}

describe('schema versions', () => {
  it('lead to a store for every table', async () => {
    const name = freshName()
    const connection = await connect(name, migrations)
    const names = await connection.run(async (db) => [...db.objectStoreNames])
    expect(names.toSorted()).toEqual([...TABLES, 'bytes'].toSorted())
    await connection.destroy()
  })

  it('keep every row and byte of a version 1 database', async () => {
    const name = freshName()
    await makeVersion1(name)
    const storage = await openIndexedDb({ name })
    expectBytes(await storage.readBytes('small'), VERSION_1_BYTES.small)
    expectBytes(await storage.readBytes('large', 60_000), VERSION_1_BYTES.large.slice(60_000))
    expect(await storage.get('settings', 'theme')).toBe('dark')
    await storage.close()
    await expectVersion1Rows(name)
    await deleteDB(name)
  })

  it('keep them through a further step, which may read and change rows', async () => {
    const name = freshName()
    await makeVersion1(name)
    const extra: Migration = async (db, tx) => {
      db.createObjectStore('added')
      const theme: unknown = await tx.objectStore('settings').get('theme')
      await tx.objectStore('added').put({ theme }, 'seen')
    }
    const connection = await connect(name, [...migrations, extra])
    expect(await connection.run((db) => db.get('added', 'seen'))).toEqual({ theme: 'dark' })
    connection.close()
    await expectVersion1Rows(name)
    await deleteDB(name)
  })

  it('leave the old version whole when a step fails', async () => {
    const name = freshName()
    await makeVersion1(name)
    const failure = new RangeError('step failed')
    const failing: Migration = async (db, tx) => {
      db.createObjectStore('added')
      await tx.objectStore('settings').clear()
      throw failure
    }
    await expect(connect(name, [...migrations, failing])).rejects.toBe(failure)
    const raw = await openDB(name)
    expect(raw.version).toBe(1)
    expect([...raw.objectStoreNames]).not.toContain('added')
    raw.close()
    await expectVersion1Rows(name)
    await deleteDB(name)
  })

  it('refuse a database from a newer version and leave it as it is', async () => {
    const name = freshName()
    await makeVersion1(name)
    const later = await connect(name, [...migrations, (db) => void db.createObjectStore('added')])
    later.close()
    await expectCode(openIndexedDb({ name }), 'storage.version-ahead', { ours: migrations.length })
    const raw = await openDB(name)
    expect(raw.version).toBe(migrations.length + 1)
    expect([...raw.objectStoreNames]).toContain('added')
    raw.close()
    await expectVersion1Rows(name)
    await deleteDB(name)
  })

  it('tell that another tab is in the way, and go on when it lets go', async () => {
    const name = freshName()
    const raw = await openDB(name, 1)
    const { promise: isBlocked, resolve } = Promise.withResolvers<void>()
    const opening = connect(name, [() => {}, (db) => void db.createObjectStore('added')], resolve)
    await isBlocked
    raw.close()
    const connection = await opening
    expect(await connection.run(async (db) => [...db.objectStoreNames])).toEqual(['added'])
    await connection.destroy()
  })
})
