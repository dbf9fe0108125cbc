import type { Page } from '@playwright/test'
import { expect, test } from './fixtures.ts'

const HOUR = 60 * 60_000

const titles = async (
  engine: Awaited<ReturnType<Page['evaluate']>> extends never ? never : import('./engine.ts').Engine,
  space: string,
) =>
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
  await a.engine.spaces.edit(made.space, [
    { kind: 'task', id: 'aaaaaaaaaaaaaaaaaaaaaaaaaa', set: { title: 'Prune' } },
  ])
  await expect.poll(() => titles(b.engine, made.space)).toEqual(['Prune'])
  await b.engine.spaces.edit(made.space, [
    { kind: 'task', id: 'bbbbbbbbbbbbbbbbbbbbbbbbbb', set: { title: 'Pick' } },
  ])
  await expect.poll(() => titles(a.engine, made.space)).toEqual(expect.arrayContaining(['Prune', 'Pick']))
})

test('a link opens while the inviter is away, as long as a store is up', async ({ device }) => {
  const a = await device()
  await a.connected()
  const { space } = await a.engine.spaces.create({ title: 'Orchard', name: 'Anna' })
  await a.engine.spaces.edit(space, [
    { kind: 'task', id: 'aaaaaaaaaaaaaaaaaaaaaaaaaa', set: { title: 'Prune' } },
  ])
  const link = await a.engine.spaces.makeLink(space, { kind: 'editor', expiresIn: HOUR, uses: 5 })
  await expect
    .poll(async () => (await a.engine.spaces.get(space))?.sync)
    .toMatchObject({ unsent: 0, current: 1 })
  await a.context.close()

  const b = await device()
  await b.connected()
  const began = Date.now()
  await b.engine.spaces.join(link.url ?? '', { name: 'Bela' })
  await expect.poll(() => titles(b.engine, space)).toEqual(['Prune'])
  console.log('joined away in', Date.now() - began)
})

test('a revoked link says so, and a removed member reads nothing that is written later', async ({
  device,
}) => {
  const [a, b, c] = [await device(), await device(), await device()]
  for (const one of [a, b, c]) await one.connected()
  const { space } = await a.engine.spaces.create({ title: 'Orchard', name: 'Anna' })
  const link = await a.engine.spaces.makeLink(space, { kind: 'editor', expiresIn: HOUR, uses: 5 })
  await b.engine.spaces.join(link.url ?? '', { name: 'Bela' })
  await c.engine.spaces.join(link.url ?? '', { name: 'Cem' })
  const persons = async () => (await a.engine.spaces.get(space))?.persons ?? []
  const names = async () => (await persons()).map(({ name }) => name).sort()
  await expect.poll(names).toEqual(['Anna', 'Bela', 'Cem'])
  await a.engine.spaces.revokeLink(space, link.link)
  const d = await device()
  await d.connected()
  await expect
    .poll(() => d.engine.spaces.preview(link.url ?? '').catch((error: { code: string }) => error.code))
    .toBe('spaces.link-revoked')

  const bela = (await persons()).find(({ name }) => name === 'Bela')
  await a.engine.spaces.removePerson(space, bela?.person ?? '')
  await a.engine.spaces.edit(space, [
    { kind: 'task', id: 'aaaaaaaaaaaaaaaaaaaaaaaaaa', set: { title: 'Secret' } },
  ])
  await expect.poll(() => titles(c.engine, space)).toEqual(['Secret'])
  await expect.poll(async () => (await b.engine.spaces.get(space))?.state).toBe('removed')
  expect(await titles(b.engine, space)).toEqual([])
})

test('what two change apart is merged, and the queue is visible meanwhile', async ({ device }) => {
  const [a, b] = [await device(), await device()]
  for (const one of [a, b]) await one.connected()
  const { space } = await a.engine.spaces.create({ title: 'Orchard', name: 'Anna' })
  const link = await a.engine.spaces.makeLink(space, { kind: 'editor', expiresIn: HOUR, uses: 5 })
  await b.engine.spaces.join(link.url ?? '', { name: 'Bela' })
  const id = 'aaaaaaaaaaaaaaaaaaaaaaaaaa'
  await a.engine.spaces.edit(space, [{ kind: 'task', id, set: { title: 'Prune' } }])
  await expect.poll(() => titles(b.engine, space)).toEqual(['Prune'])
  await a.context.setOffline(true)
  await b.context.setOffline(true)
  await a.engine.spaces.edit(space, [{ kind: 'task', id, set: { done: true } }])
  await b.engine.spaces.edit(space, [{ kind: 'task', id, set: { title: 'Prune the old tree' } }])
  await expect.poll(async () => (await a.engine.spaces.get(space))?.sync.unsent).toBe(1)
  await a.context.setOffline(false)
  await b.context.setOffline(false)
  for (const one of [a, b])
    await expect
      .poll(async () => (await one.engine.spaces.entity(space, `task/${id}`))?.fields, { timeout: 30_000 })
      .toMatchObject({ title: 'Prune the old tree', done: true })
  await expect.poll(async () => (await a.engine.spaces.get(space))?.sync.unsent).toBe(0)
})

test('who is here is seen, and is gone within five seconds of a closed tab', async ({ device }) => {
  const [a, b] = [await device(), await device()]
  for (const one of [a, b]) await one.connected()
  const { space } = await a.engine.spaces.create({ title: 'Orchard', name: 'Anna' })
  const link = await a.engine.spaces.makeLink(space, { kind: 'editor', expiresIn: HOUR, uses: 5 })
  await b.engine.spaces.join(link.url ?? '', { name: 'Bela' })
  await b.engine.spaces.setPresence(space, { where: 'tasks', typing: true })
  await expect
    .poll(() => a.engine.spaces.presence(space))
    .toMatchObject([{ name: 'Bela', where: 'tasks', typing: true }])
  await b.page.close()
  await expect.poll(() => a.engine.spaces.presence(space), { timeout: 5000, intervals: [200] }).toEqual([])
})
