import { describe, expect, it } from 'vitest'
import { StorageError } from '../storage/errors.ts'
import type { Cairn, CairnEvent } from './api.ts'
import { deferCairn } from './deferred.ts'
import { withCairn } from './testing/cairn-kit.ts'

describe('a Cairn that has not started', () => {
  it('answers what was asked meanwhile once it has', () =>
    withCairn(async ({ cairn }) => {
      const starting = Promise.withResolvers<Cairn>()
      const early = deferCairn(starting.promise)
      const heard: CairnEvent[] = []
      early.subscribe((event) => heard.push(event))
      const unheard: CairnEvent[] = []
      early.subscribe((event) => unheard.push(event))()
      const asked = [early.library.list(), early.device.settings(), early.activity.list({ limit: 1 })]
      starting.resolve(cairn)
      expect(await Promise.all(asked)).toEqual([[], await cairn.device.settings(), []])
      await early.device.setSettings({ blobs: true })
      expect(heard).toEqual([{ type: 'settings' }])
      expect(unheard).toEqual([])
      await early.close()
      await expect(cairn.library.list()).rejects.toMatchObject({ code: 'storage.gone' })
    }))

  it('fails each call with the reason when it cannot start', async () => {
    const early = deferCairn(Promise.reject(new StorageError('storage.version-ahead', { found: 9 })))
    const stop = early.subscribe(() => {})
    await expect(early.library.list()).rejects.toMatchObject({
      code: 'storage.version-ahead',
      fields: { found: 9 },
    })
    await expect(early.device.settings()).rejects.toMatchObject({ code: 'storage.version-ahead' })
    await expect(early.close()).rejects.toMatchObject({ code: 'storage.version-ahead' })
    stop()
  })
})
