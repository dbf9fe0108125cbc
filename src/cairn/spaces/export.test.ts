import { describe, expect, it } from 'vitest'
import type { Snapshot } from '../../spaces/content/snapshot.ts'
import { chunkIds } from '../../spaces/files/seal.ts'
import { parseSealedFile } from '../../spaces/sealing/file.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import {
  blobOf,
  codeOf,
  contentOf,
  digestOf,
  filled,
  FILES,
  MIB,
  noise,
  TREE,
  typeNote,
  withSpaces,
} from './testing/club.ts'
import { bytesOf, spacesOn, textOf, unzipped } from './testing/space-kit.ts'

describe('an exported space', () => {
  it(
    'can be read by a person, and is imported whole, again and again',
    () =>
      withSpaces(async ({ spaces, events }) => {
        const space = await filled(spaces)
        const before = await contentOf(spaces, space)
        expect(before.notes[0]?.tree).toEqual(TREE)
        const exported = await spaces.export(space)
        expect(exported.name).toMatch(/^Garden Club \d{4}-\d\d-\d\d\.zip$/)
        const zip = await bytesOf(exported)
        const files = unzipped(zip)
        expect([...files.keys()]).toEqual([
          ...['README.txt', 'space.json', 'members.json'],
          ...['notes/Plan 2026.md', 'notes/data/Plan 2026.json'],
          ...[
            'notes/plan 2026 (2).md',
            'notes/data/plan 2026 (2).json',
            'notes/Note.md',
            'notes/data/Note.json',
          ],
          ...['files/empty.txt', 'files/piece.bin', 'files/film.mp4'],
        ])
        for (const [name, bytes] of Object.entries(FILES))
          expect(digestOf(files.get(`files/${name}`))).toBe(digestOf(bytes))
        expect(textOf(files.get('notes/Plan 2026.md'))).toBe(
          '# Plan: 2026?\n\n## Plants\n\nWater [**daily**](<https://example.com/>)\n\n- Beans\n\n  Kale\n\n\n',
        )
        expect(textOf(files.get('README.txt'))).toMatch(
          /^The space “Garden \/ Club”\r\n\r\nExported on .* by Anna/,
        )
        expect(textOf(files.get('README.txt'))).toContain('3 notes')
        expect(JSON.parse(textOf(files.get('members.json')))).toMatchObject([
          { name: 'Anna', role: 'admin', isOwner: true },
        ])
        const main = textOf(files.get('space.json'))
        expect(main).not.toContain('Secret')
        expect(main).not.toContain('sealed')
        const { content } = JSON.parse(main) as { content: Snapshot }
        expect(content.entities.filter(({ kind }) => kind === 'reaction')).toMatchObject([
          { byName: 'Anna', fields: { emoji: '🌱' } },
        ])

        const second = await spaces.import(new Blob([zip]), { name: 'Ben' })
        expect(second).toMatchObject({ title: 'Garden / Club', role: 'admin', members: 1, state: 'member' })
        expect(await contentOf(spaces, second.space)).toEqual(before)
        const [reply] = (await spaces.entities(second.space, 'post')).filter(
          ({ fields }) => 'parent' in fields,
        )
        expect(reply?.fields).toMatchObject({ from: { name: 'Anna' } })
        const told = events.filter((it) => it.type === 'space-import')
        expect(told.length).toBeGreaterThan(20)
        expect(told.at(-1)?.done).toBe(told.at(-1)?.of)

        const again = await bytesOf(await spaces.export(second.space))
        const third = await spaces.import(new Blob([again]), { name: 'Cem' })
        expect(await contentOf(spaces, third.space)).toEqual(before)
        const [post] = await spaces.entities(third.space, 'task')
        expect(post?.fields).toMatchObject({ from: { name: 'Anna' } })
        expect(await spaces.undo(third.space)).toBe(false)
      }),
    30_000,
  )

  it(
    'can be sealed with a passphrase, and is here as the same after a restart',
    () =>
      withLevel(async (storage) => {
        const first = await spacesOn(storage)
        const { space } = await first.spaces.create({ title: 'Club', name: 'Anna' })
        await first.spaces.edit(space, [{ kind: 'note', id: 'n1', set: { title: 'Codeword' } }])
        await typeNote(first.spaces, space, 'n1', TREE)
        await first.spaces.addFile(space, blobOf(3 * MIB), 'a.bin')
        const sealed = await first.spaces.export(space, { passphrase: 'tulip' })
        expect(sealed.name).toMatch(/\.cairn-space$/)
        const bytes = await bytesOf(sealed)
        expect(Buffer.from(bytes).includes('Codeword')).toBe(false)
        expect(Buffer.from(bytes).includes('space.json')).toBe(false)
        const file = new Blob([bytes])
        expect(await codeOf(first.spaces.import(file, { name: 'Ben' }))).toBe('spaces.import-passphrase')
        const made = await first.spaces.import(file, { name: 'Ben', passphrase: 'tulip' })
        await first.close()
        const next = await spacesOn(storage)
        expect((await next.spaces.list()).map((it) => it.title)).toEqual(['Club', 'Club'])
        expect((await next.spaces.noteContent(made.space, 'n1')).tree).toEqual(TREE)
        expect((await next.spaces.files(made.space)).map(({ chunks, of }) => [chunks, of])).toEqual([[4, 4]])
        expect(await codeOf(next.spaces.export(space, { passphrase: '' }))).toBe('keys.invalid')
        await next.close()
      }),
    30_000,
  )

  it('says which files are not in it, and comes with their names', () =>
    withSpaces(async ({ spaces }, storage) => {
      const { space } = await spaces.create({ title: 'Club', name: 'Anna' })
      for (const name of ['lost.bin', 'here.bin', 'broken.bin'])
        await spaces.addFile(space, blobOf(2 * MIB), name)
      const chunkOf = async (name: string): Promise<string> => {
        const all = await spaces.entities(space, 'file')
        const found = all.find(({ fields }) => 'name' in fields && fields.name === name) ?? expect.fail(name)
        const { sealed } = found.fields as { sealed: Uint8Array }
        return chunkIds(parseSealedFile(sealed))[1] ?? expect.fail()
      }
      const keyOf = async (id: string) => (await storage.byteKeys()).find((key) => key.endsWith(id)) ?? ''
      const lost = await chunkOf('lost.bin')
      const row = (await storage.keys('space-files')).find((key) => key.endsWith(lost)) ?? expect.fail()
      await storage.write([{ type: 'delete', table: 'space-files', key: row }])
      const broken = await keyOf(await chunkOf('broken.bin'))
      await storage.write([{ type: 'put-bytes', key: broken, parts: [noise(MIB + 48)] }])
      const zip = await bytesOf(await spaces.export(space))
      const files = unzipped(zip)
      expect(textOf(files.get('missing.txt'))).toBe('lost.bin\r\nfiles/broken.bin (not all of it)\r\n')
      expect(files.get('files/here.bin')?.length).toBe(2 * MIB)
      expect(files.has('files/lost.bin')).toBe(false)
      const made = await spaces.import(new Blob([zip]), { name: 'Ben' })
      const states = await spaces.files(made.space)
      expect(states.map(({ of }) => of).toSorted((a, b) => a - b)).toEqual([0, 0, 3])
    }))

  it('ends when whoever reads it goes away', () =>
    withSpaces(async ({ spaces }) => {
      const { space } = await spaces.create({ title: 'Garden', name: 'Anna' })
      await spaces.addFile(space, blobOf(5 * MIB), 'a.bin')
      const { stream } = await spaces.export(space)
      const reader = stream.getReader()
      for (let read = 0; read < 2 * MIB;) read += (await reader.read()).value?.length ?? expect.fail()
      await reader.cancel()
      expect((await spaces.export(space)).name).toContain('Garden')
      expect(await codeOf(spaces.export(`${space}x`))).toBe('spaces.not-here')
    }))
})
