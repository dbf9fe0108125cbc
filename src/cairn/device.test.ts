import { access, rm } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { StorageError } from '../storage/errors.ts'
import { createCairn } from './create.ts'
import { withCairn } from './testing/cairn-kit.ts'

describe('the device', () => {
  it('says what is stored, and whether the browser keeps it', () =>
    withCairn(async ({ cairn, pds, browser, events, backUp }) => {
      expect(await cairn.device.storage()).toMatchObject({ persistent: false, why: 'not-asked', repos: [] })
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      const wanted = () => events.filter((it) => it.type === 'persist-wanted').length
      expect(wanted()).toBe(1)
      // Nobody has answered yet: one wish is enough.
      await backUp(alice.did)
      expect(wanted()).toBe(1)
      const status = await cairn.device.storage()
      expect(status.usage).toBeGreaterThan(0)
      expect(status.quota).toBeGreaterThan(status.usage)
      const repo = await cairn.library.get(alice.did)
      expect(status.repos).toEqual([{ did: alice.did, bytes: repo?.storedBytes }])
      // Asked once, and not again when the browser said no.
      await cairn.device.persistAsked()
      expect((await cairn.device.storage()).why).toBe('refused')
      await backUp(alice.did)
      expect(wanted()).toBe(1)
      browser.persisted = true
      expect(await cairn.device.storage()).toMatchObject({ persistent: true, why: 'granted' })
      browser.supported = false
      expect((await cairn.device.storage()).why).toBe('unsupported')
    }))

  it('keeps settings, and tells of them', () =>
    withCairn(async ({ cairn, pds, events }) => {
      expect(await cairn.device.settings()).toMatchObject({ endpoints: pds.endpoints, blobs: false })
      const before = events.filter((it) => it.type === 'settings').length
      expect(await cairn.device.setSettings({ retention: { keep: 'last', count: 2 } })).toMatchObject({
        retention: { keep: 'last', count: 2 },
      })
      expect(events.filter((it) => it.type === 'settings').length).toBe(before + 1)
    }))

  it('wipes everything, also in the middle of work', () =>
    withCairn(async ({ cairn, pds, directory, events, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      alice.commit({ create: 1 })
      const asked = Promise.withResolvers<void>()
      pds.always('getRepo', () => asked.resolve())
      await cairn.library.backup(alice.did)
      await asked.promise
      await cairn.device.wipe()
      await expect(access(directory)).rejects.toMatchObject({ code: 'ENOENT' })
      await expect(cairn.library.list()).rejects.toMatchObject({ code: 'storage.gone' })
      expect(events.some((it) => it.type === 'storage-lost')).toBe(false)
    }))

  it('tells when the database is deleted underneath', () =>
    withCairn(async ({ cairn, pds, directory, until, events, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      await rm(directory, { recursive: true, force: true })
      await expect(cairn.device.setSettings({ blobs: true })).rejects.toMatchObject({ code: 'storage.gone' })
      await until(() => events.some((it) => it.type === 'storage-lost' && !it.upgraded))
      await expect(cairn.library.list()).rejects.toMatchObject({ code: 'storage.gone' })
    }))

  it('tells it from a newer version that takes the database over', () =>
    withCairn(async ({ host }) => {
      const gone = new StorageError('storage.gone', { reason: 'upgraded' })
      let lose = (): void => {}
      const onLost = (listener: () => void) => {
        lose = listener
        return () => {}
      }
      const other = createCairn({
        ...host,
        storage: { ...host.storage, onLost, keys: () => Promise.reject(gone), close: async () => {} },
      })
      const told = new Promise((resolve) => other.subscribe(resolve))
      lose()
      expect(await told).toEqual({ type: 'storage-lost', upgraded: true })
      await other.close().catch(() => {})
    }))
})
