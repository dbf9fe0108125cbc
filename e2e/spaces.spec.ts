import type { Page } from '@playwright/test'
import { expect, test } from './fixtures.ts'

const HOUR = 60 * 60_000

const titles = async (engine: Awaited<ReturnType<Page['evaluate']>> extends never ? never : import('./engine.ts').Engine, space: string) =>
  (await engine.spaces.entities(space, 'task')).map(({ fields }) => ('title' in fields ? fields.title : ''))

test('a space is made, joined by a link within two seconds, and written in by both', async ({ device }) => {
  const [a, b] = [await device(), await device()]
  await a.connected()
  await b.connected()
  const made = await a.engine.spaces.create({ title: 'Orchard', name: 'Anna' })
  const link = await a.engine.spaces.makeLink(made.space, { kind: 'editor', expiresIn: HOUR, uses: 5 })
  expect(link.atRelay).toBe(true)

  const preview = await b.engine.spaces.preview(link.url ?? '')
  expect(preview).toMatchObject({ space: made.space, title: 'Orchard', kind: 'editor', isMember: false })
  const began = Date.now()
  const joined = await b.engine.spaces.join(link.url ?? '', { name: 'Bela' })
  console.log('joined in', Date.now() - began)
  expect(joined).toMatchObject({ space: made.space, role: 'writer', state: 'member' })
  await a.engine.spaces.edit(made.space, [{ kind: 'task', id: 'aaaaaaaaaaaaaaaaaaaaaaaaaa', set: { title: 'Prune' } }])
  await expect.poll(() => titles(b.engine, made.space)).toEqual(['Prune'])
  await b.engine.spaces.edit(made.space, [{ kind: 'task', id: 'bbbbbbbbbbbbbbbbbbbbbbbbbb', set: { title: 'Pick' } }])
  await expect.poll(() => titles(a.engine, made.space)).toEqual(expect.arrayContaining(['Prune', 'Pick']))
})
