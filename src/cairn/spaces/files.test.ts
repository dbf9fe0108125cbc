import { describe, expect, it } from 'vitest'
import { CairnError } from '../../core/errors.ts'
import type { Edit, Entity } from '../../spaces/content/model.ts'
import { createFileChunks, type FileChunks } from '../../spaces/files/chunks.ts'
import { chunkIds } from '../../spaces/files/seal.ts'
import { CHUNK_BYTES, parseSealedFile } from '../../spaces/sealing/file.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import type { SpaceSync } from '../../sync/spaces/model.ts'
import { fileName } from './file-name.ts'
import { createSpaceFiles } from './files.ts'
import { codeOf, withSpaces } from './testing/club.ts'

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))
const picture = (text: string): Blob => new Blob([text], { type: 'image/png' })
const fileEdit = (id: string, set: Edit<'file'>['set']): Edit => ({ kind: 'file', id, set })
const of = (letter: string): string => letter.repeat(26)

describe('files of a space', () => {
  it('are told of, whatever a member wrote in place of one', () =>
    withSpaces(async ({ spaces }) => {
      const { space } = await spaces.create({ title: 'Garden', name: 'Anna' })
      const id = await spaces.addFile(space, new Blob(['hello']), 'a.txt')
      await spaces.edit(space, [fileEdit(of('b'), { name: 'b', sealed: new Uint8Array([1, 2]) })])
      const states = await spaces.files(space)
      expect(states.find((it) => it.id === id)).toMatchObject({ chunks: 1, of: 1 })
      expect(states.find((it) => it.id === of('b'))).toMatchObject({ chunks: 0, of: 0 })
      expect(await codeOf(spaces.fetchFile(space, of('b')))).toBe('spaces.file-malformed')
      expect(await codeOf(spaces.file(space, of('b')))).toBe('spaces.file-malformed')
    }))

  it('that are replaced are shown as what they are now', () =>
    withSpaces(async ({ spaces }) => {
      const { space } = await spaces.create({ title: 'Garden', name: 'Anna' })
      const id = await spaces.addFile(space, picture('no picture'), 'a')
      await spaces.edit(space, [fileEdit(id, { preview: new Uint8Array([1]) })])
      await spaces.replaceFile(space, id, new Blob(['else']))
      const [file] = await spaces.entities(space, 'file')
      expect(file?.fields).toMatchObject({ name: 'a', size: 4 })
      expect(Object.keys(file?.fields ?? {})).not.toContain('type')
      expect(Object.keys(file?.fields ?? {})).not.toContain('preview')
      expect(await (await spaces.file(space, id)).text()).toBe('else')
    }))

  it.each([
    ['x'.repeat(250) + '.tar', 'x'.repeat(196) + '.tar'],
    ['x'.repeat(199) + '\u{1f331}', 'x'.repeat(199)],
    ['\ud83c.txt', '\ufffd.txt'],
    ['.' + 'x'.repeat(250), '.' + 'x'.repeat(199)],
    ['', ''],
  ])('have a name, whatever the file system called them: %j', (name, told) =>
    withSpaces(async ({ spaces }) => {
      expect(fileName(name)).toBe(told)
      const { space } = await spaces.create({ title: 'Garden', name: 'Anna' })
      await spaces.addFile(space, new Blob(['hello']), name)
      const [file] = await spaces.entities(space, 'file')
      expect(file?.fields).toMatchObject({ name: told })
    }),
  )
})

/** Files without a space around them. */
async function withFiles(
  use: (kit: {
    readonly files: ReturnType<typeof createSpaceFiles>
    readonly chunks: FileChunks
    readonly entities: Map<string, Entity<'file'>>
    readonly on: { edit: () => void; fetchChunk: (id: string) => Promise<void> }
  }) => Promise<void>,
): Promise<void> {
  await withLevel(async (storage) => {
    const chunks = await createFileChunks(storage, 'at://did:key:z/space/app.cairn.group/3k')
    const entities = new Map<string, Entity<'file'>>()
    const on = { edit: () => {}, fetchChunk: async (_id: string): Promise<void> => {} }
    const files = createSpaceFiles({
      ...{ space: 'at://did:key:z/space/app.cairn.group/3k', chunks, random },
      person: () => 'did:key:z',
      get: (id) => entities.get(id),
      list: () => [...entities.values()],
      async edit(edits) {
        on.edit()
        for (const { id, set } of edits) entities.set(id, { id, fields: set } as Entity<'file'>)
      },
      sync: () => {
        const some: Partial<SpaceSync> = {
          pushChunks: async () => {},
          fetchChunk: (_space, id) => on.fetchChunk(id),
        }
        return some as SpaceSync
      },
      onChange: () => {},
    })
    await use({ files, chunks, entities, on })
    files.close()
  })
}

describe('a file that is being put in', () => {
  it('leaves nothing when it cannot be read to its end, or was cancelled', () =>
    withFiles(async ({ files, chunks }) => {
      const whole = new Blob([new Uint8Array(3 * CHUNK_BYTES)])
      let pieces = 0
      const gone = {
        ...{ size: whole.size, type: '' },
        slice: (from: number, to: number) => {
          if (pieces++ === 2) throw new DOMException('gone', 'NotReadableError')
          return whole.slice(from, to)
        },
      }
      await expect(files.add(gone as Blob, 'a')).rejects.toThrow('gone')
      expect(await chunks.list()).toEqual([])
      const id = await files.add(new Blob(['kept']), 'b')
      const replacing = files.replace(id, whole)
      files.cancel(id)
      await expect(replacing).rejects.toThrow('aborted')
      expect(await chunks.list()).toHaveLength(1)
      expect(await chunks.makings()).toEqual([])
      expect(await (await files.read(id)).text()).toBe('kept')
    }))

  it('is cleared away when the page was closed before it was in, and kept when it was', () =>
    withFiles(async ({ files, chunks, entities, on }) => {
      on.edit = () => {
        throw new CairnError('storage.quota')
      }
      await expect(files.add(new Blob(['lost']), 'a')).rejects.toMatchObject({ code: 'storage.quota' })
      // As a crash leaves it: nobody knows whether the record is there.
      expect(await chunks.list()).toHaveLength(1)
      on.edit = () => {}
      const made = chunks.made
      chunks.made = () => Promise.reject(new CairnError('storage.quota'))
      const id = await files.add(new Blob(['kept']), 'b')
      chunks.made = made
      expect(await chunks.makings()).toHaveLength(2)
      await files.sweep()
      expect(await chunks.makings()).toEqual([])
      const sealed = parseSealedFile(entities.get(id)?.fields.sealed ?? expect.fail())
      expect((await chunks.list()).map((it) => it.id)).toEqual(chunkIds(sealed))
      expect(await (await files.read(id)).text()).toBe('kept')
    }))
})

it('who asks for a file that is on its way has it when it is here', () =>
  withFiles(async ({ files, chunks, entities, on }) => {
    const id = await files.add(new Blob(['hello']), 'a')
    const [chunk = ''] = chunkIds(parseSealedFile(entities.get(id)?.fields.sealed ?? expect.fail()))
    const bytes = new Uint8Array((await chunks.get(chunk)) ?? [])
    await chunks.drop([chunk])
    const asked = Promise.withResolvers<void>()
    const come = Promise.withResolvers<void>()
    on.fetchChunk = async (it) => {
      asked.resolve()
      await come.promise
      await chunks.put(it, bytes)
    }
    const first = files.fetch(id)
    await asked.promise
    const second = files.fetch(id).then(() => files.read(id))
    come.resolve()
    expect(await (await second).text()).toBe('hello')
    await first
  }))
