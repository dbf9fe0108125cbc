import { expect, it } from 'vitest'
import type { Storage } from '../../storage/port.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import type { RecoveryRow } from './recovery-row.ts'
import { type SpacesHere, spacesOn } from './testing/space-kit.ts'

const rowOf = async (storage: Storage): Promise<RecoveryRow> =>
  (await storage.get('network', 'recovery')) as RecoveryRow

const keep = (storage: Storage, value: RecoveryRow): Promise<void> =>
  storage.write([{ type: 'put', table: 'network', key: 'recovery', value }])

async function confirm({ spaces }: SpacesHere): Promise<void> {
  const { words } = await spaces.makeRecovery()
  await spaces.confirmRecovery(words)
}

const devicesOf = async ({ spaces }: SpacesHere, space: string): Promise<readonly string[]> =>
  ((await spaces.get(space))?.persons[0]?.devices ?? []).map(({ device }) => device)

it('words whose device a stop left in a space are out of it when that is opened again', () =>
  withLevel(async (storage) => {
    const first = await spacesOn(storage)
    const { space } = await first.spaces.create({ title: 'Orchard', name: 'Anna' })
    await confirm(first)
    const row = await rowOf(storage)
    const [old = ''] = row.devices
    expect(await devicesOf(first, space)).toContain(old)
    await first.close()
    // as it is when newer words were confirmed and nothing more was done
    await keep(storage, { ...row, retired: [old], devices: [] })
    const again = await spacesOn(storage)
    await expect.poll(() => devicesOf(again, space)).toHaveLength(1)
    expect(await devicesOf(again, space)).not.toContain(old)
    await again.close()
  }))

it('the list of words before these is taken away as soon as its relay can be reached', () =>
  withLevel(async (storage) => {
    const relay = 'http://127.0.0.1:9/'
    const offline = await spacesOn(storage)
    await offline.spaces.create({ title: 'Orchard', name: 'Anna' })
    await confirm(offline)
    const before = await rowOf(storage)
    await keep(storage, { ...before, at: [{ relay, counter: before.list.counter }] })
    await confirm(offline)
    await expect.poll(async () => (await rowOf(storage)).gone).toHaveLength(1)
    await offline.close()

    const deleted: string[] = []
    const later = await spacesOn(storage, async (url, init) => {
      if (init?.method !== 'DELETE') throw new TypeError('no network')
      deleted.push(url)
      return new Response(null, { status: 200 })
    })
    await later.spaces.create({ title: 'Shed', name: 'Anna' })
    await expect.poll(async () => (await rowOf(storage)).gone).toEqual([])
    expect(deleted).toEqual([`${relay}join/${before.finder.place}`])
    await later.close()
  }))
