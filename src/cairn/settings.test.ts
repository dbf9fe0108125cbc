import { describe, expect, it } from 'vitest'
import { withLevel } from '../storage/testing/node-host.ts'
import type { Settings } from './api.ts'
import { readSettings, writeSettings } from './settings.ts'

const DEFAULTS: Settings = {
  endpoints: {
    plc: 'https://plc.directory',
    doh: 'https://cloudflare-dns.com/dns-query',
    resolver: 'https://public.api.bsky.app',
    allowLocal: false,
  },
  retention: { keep: 'all' },
  blobs: true,
}

const stored = (value: unknown): Promise<Settings> =>
  withLevel(async (storage) => {
    await storage.write([{ type: 'put', table: 'settings', key: 'settings', value }])
    return readSettings(storage)
  })

describe('settings', () => {
  it('are defaults until something is set', () =>
    withLevel(async (storage) => expect(await readSettings(storage)).toEqual(DEFAULTS)))

  it.each([
    ['no object', 'text'],
    ['null', null],
    ['empty', {}],
    ['endpoints of another kind', { endpoints: 'https://plc.directory' }],
    ['endpoints null', { endpoints: null, retention: null, blobs: null }],
    ['unknown fields', { colour: 'red', endpoints: { port: 1 } }],
    [
      'values that do not fit',
      {
        endpoints: { plc: 'ftp://x', doh: 'nowhere', resolver: 5, allowLocal: 'yes' },
        retention: { keep: 'last', count: 0 },
        blobs: 1,
      },
    ],
  ])('of a row that is %s are defaults', async (_name, row) => expect(await stored(row)).toEqual(DEFAULTS))

  it('of a row that lacks fields keep what is there', async () => {
    const row = {
      endpoints: { plc: 'http://127.0.0.1:2582', doh: '' },
      retention: { keep: 'last', count: 3 },
    }
    expect(await stored(row)).toEqual({
      ...DEFAULTS,
      endpoints: { ...DEFAULTS.endpoints, plc: 'http://127.0.0.1:2582', doh: '' },
      retention: { keep: 'last', count: 3 },
    })
  })

  it('change by field; what is not valid changes nothing', () =>
    withLevel(async (storage) => {
      const endpoints = { ...DEFAULTS.endpoints, plc: 'https://plc.example.com', resolver: '' }
      expect(await writeSettings(storage, { endpoints })).toEqual({ ...DEFAULTS, endpoints })
      expect(await writeSettings(storage, { blobs: false })).toEqual({ ...DEFAULTS, endpoints, blobs: false })
      const bad = { ...endpoints, plc: 'not an address', doh: '' }
      expect(
        await writeSettings(storage, { endpoints: bad, retention: { keep: 'last', count: -1 } }),
      ).toEqual({
        ...DEFAULTS,
        endpoints: { ...endpoints, doh: '' },
        blobs: false,
      })
      expect(await readSettings(storage)).toMatchObject({ blobs: false, retention: { keep: 'all' } })
    }))
})
