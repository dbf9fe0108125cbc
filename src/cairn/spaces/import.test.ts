import { zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../core/bytes.ts'
import { createFaulty } from '../../storage/testing/faulty.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { blobOf, codeOf, countOf, MIB, TREE, typeNote, withSpaces } from './testing/club.ts'
import { bytesOf, spacesOn, textOf, unzipped } from './testing/space-kit.ts'

describe('an import', () => {
  /** An export of a small space, with some of its files changed. */
  const tampered = (zip: Uint8Array, change: (files: Record<string, Uint8Array>) => void): Blob => {
    const files = Object.fromEntries(unzipped(zip))
    change(files)
    return new Blob([new Uint8Array(zipSync(files, { level: 6 }))])
  }

  it(
    'of what is no sound export says so and leaves nothing',
    () =>
      withSpaces(async ({ spaces }, storage) => {
        const { space } = await spaces.create({ title: 'Club', name: 'Anna' })
        await spaces.edit(space, [
          { kind: 'note', id: 'n1', set: { title: 'A' } },
          { kind: 'task', id: 't', set: { title: 'B', order: 'a0' } },
        ])
        await typeNote(spaces, space, 'n1', TREE)
        await spaces.addFile(space, blobOf(2 * MIB), 'a.bin')
        const zip = await bytesOf(await spaces.export(space))
        const before = await countOf(storage)
        const json = (
          make: (main: { [name: string]: unknown; content: { entities: { fields: unknown }[] } }) => void,
        ) =>
          tampered(zip, (files) => {
            const main = JSON.parse(textOf(files['space.json']))
            make(main)
            files['space.json'] = utf8(JSON.stringify(main))
          })
        const tree = (text: string) => tampered(zip, (files) => (files['notes/data/A.json'] = utf8(text)))
        const deep = `${'[{"type":"a","attrs":{},"children":'.repeat(5_000)}[]${'}]'.repeat(5_000)}`
        const cut = new Uint8Array(zip)
        cut[MIB] = (cut[MIB] ?? 0) ^ 1
        const bad: [string, Blob, string][] = [
          ['nothing', new Blob([]), 'spaces.import-not-space'],
          ['another zip', tampered(zip, (files) => delete files['space.json']), 'spaces.import-not-space'],
          ['no JSON', tampered(zip, (files) => (files['space.json'] = utf8('{'))), 'spaces.import-not-space'],
          ['another form', json((main) => (main['type'] = 'x')), 'spaces.import-not-space'],
          ['no list of files', json((main) => (main['files'] = 5)), 'spaces.import-not-space'],
          ['a newer version', json((main) => (main['version'] = 2)), 'spaces.import-version'],
          ['no content', json((main) => delete main['content' as string]), 'spaces.import-not-space'],
          [
            'a field that does not fit',
            json(({ content }) => content.entities.forEach((it) => (it.fields = { title: 5 }))),
            'content.snapshot',
          ],
          [
            'a missing note',
            tampered(zip, (files) => delete files['notes/data/A.json']),
            'spaces.import-damaged',
          ],
          ['a note that is none', tree('{"type":"doc"}'), 'spaces.import-damaged'],
          ['a note that nests without end', tree(deep), 'spaces.import-damaged'],
          [
            'a note with a name that is none',
            tree('[{"type":"__proto__","attrs":{},"children":[]}]'),
            'spaces.import-damaged',
          ],
          [
            'one file under two names',
            json((main) => {
              const { entities } = main.content
              const entity = entities.find((it) => 'kind' in it && it.kind === 'file') ?? expect.fail()
              entities.push({ ...entity, ...{ id: 'other' } })
              const [file] = main['files'] as object[]
              main['files'] = [file, { ...file, id: 'other' }]
            }),
            'spaces.import-damaged',
          ],
          ['a damaged file', new Blob([cut]), 'spaces.import-damaged'],
        ]
        for (const [name, file, code] of bad) {
          expect(await codeOf(spaces.import(file, { name: 'Ben' })), name).toBe(code)
          expect(await countOf(storage), name).toEqual(before)
        }
        // What nobody refers to is not looked at.
        const more = tampered(zip, (files) => (files['../../evil.sh'] = utf8('rm')))
        expect(await codeOf(spaces.import(more, { name: 'Ben' }))).toBe('none')
      }),
    30_000,
  )

  it(
    'that a stop cuts off anywhere leaves nothing once it starts again',
    () =>
      withLevel(async (storage) => {
        const first = await spacesOn(storage)
        const { space } = await first.spaces.create({ title: 'Club', name: 'Anna' })
        await first.spaces.edit(space, [{ kind: 'note', id: 'n1', set: { title: 'A' } }])
        await typeNote(first.spaces, space, 'n1', TREE)
        await first.spaces.addFile(space, blobOf(5_000), 'a.bin')
        const file = new Blob([await bytesOf(await first.spaces.export(space))])
        await first.spaces.forget(space)
        await first.close()
        const before = await countOf(storage)
        let writes = 0
        for (let at = 1, isDone = false; !isDone; at++) {
          const dying = await spacesOn(createFaulty(storage, at, at % 2 === 0 ? 'after' : 'before'))
          const code = await codeOf(dying.spaces.import(file, { name: 'Ben' }))
          await dying.close().catch(() => {})
          const next = await spacesOn(storage)
          const list = await next.spaces.list()
          if (list.length === 0) expect(await countOf(storage), `write ${at}`).toEqual(before)
          for (const it of list) {
            // With the last write it is all here.
            expect((await next.spaces.noteContent(it.space, 'n1')).tree).toEqual(TREE)
            expect((await next.spaces.files(it.space)).map((one) => one.chunks)).toEqual([1])
            await next.spaces.forget(it.space)
          }
          await next.close()
          isDone = code === 'none'
          writes = at
        }
        expect(writes).toBeGreaterThan(10)
      }),
    60_000,
  )
})
