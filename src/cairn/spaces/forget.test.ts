import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../core/bytes.ts'
import { openLevel } from '../../storage/level/open.ts'
import { type Storage, TABLES } from '../../storage/port.ts'
import { createFaulty } from '../../storage/testing/faulty.ts'
import { sha256, withLevel } from '../../storage/testing/node-host.ts'
import type { Spaces } from '../space-model.ts'
import { type SpacesHere, spacesOn } from './testing/space-kit.ts'

const blobOf = (length: number): Blob => new Blob([new Uint8Array(length).fill(3)], { type: 'image/x' })

/** Everything of a storage as text: keys and values, byte strings as they are and in hexadecimal. */
async function everything(storage: Storage): Promise<Map<string, string>> {
  const all = new Map<string, string>()
  const textOf = (value: unknown): string =>
    JSON.stringify(value, (_, it: unknown) =>
      it instanceof Uint8Array ? `${Buffer.from(it).toString('latin1')} ${toHex(it)}` : it,
    )
  for (const table of TABLES)
    for (const { key, value } of await storage.list(table)) all.set(`${table} ${key}`, textOf(value) ?? '')
  for (const key of await storage.byteKeys()) all.set(`bytes ${key}`, textOf(await storage.readBytes(key)))
  return all
}

/** What names a space or something of it. */
async function marksOf(spaces: Spaces, space: string): Promise<string[]> {
  const { device } = (await spaces.get(space)) ?? expect.fail()
  const chunks = toHex(sha256(utf8(space)).subarray(0, 16))
  return [space, device, chunks, 'Quittenkuchen']
}

/** What of this is still there. */
async function traces(storage: Storage, marks: readonly string[]): Promise<string[]> {
  return [...(await everything(storage))]
    .filter(([key, value]) => marks.some((mark) => key.includes(mark) || value.includes(mark)))
    .map(([key]) => key)
}

/** A space with content, a file, a note, a link, and what the network and Activity remember of it. */
async function fill(
  { spaces, log }: SpacesHere,
  storage: Storage,
): Promise<{ space: string; marks: string[] }> {
  const { space } = await spaces.create({ title: 'Quittenkuchen', name: 'Anna' })
  await spaces.edit(space, [
    { kind: 'note', id: 'n1', set: { title: 'Quittenkuchen' } },
    { kind: 'task', id: 't1', set: { title: 'Quittenkuchen', order: 'a0' } },
  ])
  await spaces.addFile(space, blobOf(1_200_000), 'Quittenkuchen.x')
  await spaces.makeLink(space, { kind: 'ask', expiresIn: undefined, uses: 3, long: true })
  const marks = await marksOf(spaces, space)
  const fields = { space, title: 'Quittenkuchen', code: 'spaces.removed' }
  await log.note({ did: undefined, kind: 'space.ignored', fields, level: 'warning' })
  // As the network does, which is not here.
  const sent = { rev: 'x', commit: 'y' }
  await storage.write([
    { type: 'put', table: 'network', key: `space-sent/${marks[1]}`, value: sent },
    { type: 'put', table: 'network', key: `space-clone/${space}`, value: 1 },
  ])
  return { space, marks }
}

const TOUCHED = [
  'spaces',
  'space-keys',
  'space-log',
  'space-repos',
  'space-records',
  'space-files',
  'network',
]

describe('a space that is forgotten', () => {
  it('leaves nothing on the device, and everything of another', () =>
    withLevel(async (storage) => {
      const here = await spacesOn(storage)
      const { spaces } = here
      const other = await spaces.create({ title: 'Other', name: 'Anna' })
      await spaces.addFile(other.space, blobOf(100), 'stays.x')
      await spaces.makeLink(other.space, { kind: 'ask', expiresIn: undefined, uses: 3, long: true })
      await here.log.note({
        did: undefined,
        kind: 'space.fault',
        fields: { space: other.space },
        level: 'bad',
      })
      // What begins alike is of another.
      await storage.write([{ type: 'put', table: 'network', key: `space-clone/${other.space}`, value: 1 }])
      const before = await everything(storage)
      const { space, marks } = await fill(here, storage)
      const longer = { type: 'put', table: 'network', key: `space-clone/${space}a`, value: 1 } as const
      await storage.write([longer])
      const tables = new Set((await traces(storage, marks)).map((it) => it.split(' ', 1)[0] ?? ''))
      // Whatever a space writes is looked for.
      expect(tables).toEqual(new Set([...TOUCHED, 'activity', 'bytes']))
      await spaces.forget(space)
      expect(await traces(storage, marks)).toEqual([`network ${longer.key}`])
      await storage.write([{ type: 'delete', table: 'network', key: longer.key }])
      expect(await everything(storage)).toEqual(before)
      expect((await spaces.list()).map((it) => it.title)).toEqual(['Other'])
      await expect(spaces.forget(space)).rejects.toMatchObject({ code: 'spaces.not-here' })
      await here.close()
    }))

  it('leaves nothing when it cannot be opened either', () =>
    withLevel(async (storage) => {
      const here = await spacesOn(storage)
      const { space, marks } = await fill(here, storage)
      await here.close()
      for (const key of await storage.keys('space-keys'))
        await storage.write([{ type: 'put', table: 'space-keys', key, value: 'damaged' }])
      const next = await spacesOn(storage)
      await expect(next.spaces.snapshot(space)).rejects.toMatchObject({ code: 'keys.damaged' })
      await next.spaces.forget(space)
      expect(await traces(storage, marks)).toEqual([])
      await next.close()
    }))

  it('leaves nothing after the next start, wherever the device stopped in the midst of it', async () => {
    let writes = 0
    for (let at = 1, isDone = false; !isDone; at++) {
      await withLevel(async (storage, directory) => {
        const here = await spacesOn(storage)
        const before = await everything(storage)
        const { space, marks } = await fill(here, storage)
        await here.close()
        const faulty = createFaulty(storage, at, at % 2 === 0 ? 'after' : 'before')
        const dying = await spacesOn(faulty)
        isDone = await dying.spaces.forget(space).then(
          () => true,
          () => false,
        )
        writes = faulty.writes
        await dying.close().catch(() => {})
        await storage.close()
        const disk = await openLevel(directory)
        const next = await spacesOn(disk)
        // Before its first write it is a space as ever.
        if (at === 1) await next.spaces.forget(space)
        expect(await next.spaces.list()).toEqual([])
        expect(await traces(disk, marks), `write ${at}`).toEqual([])
        expect(await everything(disk)).toEqual(before)
        await next.close()
        await disk.close()
      })
    }
    expect(writes).toBeGreaterThan(6)
  })

  it('leaves nothing of what was still at work when it was forgotten', () =>
    withLevel(async (storage) => {
      const here = await spacesOn(storage)
      const { space, marks } = await fill(here, storage)
      await here.spaces.forget(space)
      const [, device] = marks
      await storage.write([
        { type: 'put', table: 'network', key: `space-link/${space}/${device}`, value: 1 },
        { type: 'put', table: 'network', key: `space-sent/${device}`, value: 1 },
      ])
      await here.log.note({ did: undefined, kind: 'space.fault', fields: { space }, level: 'bad' })
      await here.close()
      const next = await spacesOn(storage)
      expect(await traces(storage, marks)).toEqual([])
      await next.close()
    }))

  it('stays when it was joined again before the rest of it was deleted', () =>
    withLevel(async (storage) => {
      const here = await spacesOn(storage)
      const { space } = await fill(here, storage)
      await here.close()
      await storage.write([{ type: 'put', table: 'meta', key: `space-gone/${space}`, value: [] }])
      const next = await spacesOn(storage)
      expect((await next.spaces.list()).map((it) => it.space)).toEqual([space])
      expect((await next.spaces.files(space)).map((it) => it.chunks)).toEqual([2])
      expect(await storage.keys('meta')).toEqual([])
      await next.close()
    }))
})
