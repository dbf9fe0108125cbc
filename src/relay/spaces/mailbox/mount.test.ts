import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../../core/bytes.ts'
import { type Capability, openCapability, sealCapability } from '../../../spaces/links/capability.ts'
import { createLinkKey } from '../../../spaces/links/link-key.ts'
import { createShortLink } from '../../../spaces/links/link.ts'
import { randomFrom } from '../../../spaces/testing/kit.ts'
import { createTestSpace } from '../../../sync/spaces/testing/space-world.ts'
import { createLog } from '../../http/log.ts'
import { createStarted, describeAt, metric } from '../../testing/relays.ts'
import { BYTES_PER_ADDRESS, GRACE, MAX_CAPABILITY, MAX_RECOVERY, REQUESTS_PER_MINUTE } from './limits.ts'
import { testDevice } from '../testing/member-kit.ts'
import { joinClient, ownerOf, placeOf } from './testing/mailbox-kit.ts'

const started = createStarted()
afterEach(() => started.close())

const place = placeOf('a')
const owner = ownerOf('a')
const sealed = utf8('sealed, as far as a relay knows')
const later = (ms = 60_000): Record<string, string> => ({ 'x-cairn-expires': String(Date.now() + ms) })

const open = async (options: Parameters<typeof started.relay>[0] = {}) => {
  const relay = await started.relay({ dataDir: await started.folder(), ...options })
  const base = `http://127.0.0.1:${relay.port}/`
  return { relay, base, ...joinClient(base) }
}

describe('/join/{place}', () => {
  it('gives what was put, to anyone, and counts', async () => {
    const { put, get, receipt } = await open()
    expect(await get(place)).toMatchObject({ status: 404, reason: 'unknown' })
    expect((await put(place, owner, sealed, later())).status).toBe(201)
    expect(await receipt(place, owner)).toMatchObject({ status: 200, json: { fetched: 0, lastAt: null } })
    const before = Date.now()
    const got = await get(place)
    expect(got.status).toBe(200)
    expect(got.bytes).toEqual(sealed)
    expect(got.headers.get('content-type')).toBe('application/octet-stream')
    expect(got.headers.get('cache-control')).toBe('no-store')
    expect(got.headers.get('access-control-allow-origin')).toBe('*')
    await get(place)
    const { json } = await receipt(place, owner)
    expect(json).toMatchObject({ fetched: 2 })
    expect((json as { lastAt: number }).lastAt).toBeGreaterThanOrEqual(before)
  })

  it('takes a capability with everything in it as long as it may be', async () => {
    const { put, get } = await open()
    const random = randomFrom(3)
    const link = await createShortLink(random)
    const capability: Capability = {
      space: `at://${testDevice('authority').id}/space/${`a.${'b'.repeat(60)}`.repeat(4)}.group/${'k'.repeat(512)}`,
      root: (await createTestSpace('capability')).root,
      title: '\u20ac'.repeat(200),
      relays: Array.from({ length: 8 }, (_, i) => `https://${'r'.repeat(246)}/${i}`),
      ...{ role: 'writer', approval: false, key: createLinkKey(random), expires: 8_640_000_000_000_000 },
      epoch: { name: random(32), key: random(32) },
    }
    const body = await sealCapability(link, capability, random)
    expect(body.length).toBeGreaterThan(4096)
    expect((await put(place, owner, body)).status).toBe(201)
    expect(await openCapability(link, (await get(place)).bytes)).toEqual(capability)
  })

  it('is replaced by its owner alone; the count goes on', async () => {
    const { put, get, receipt } = await open()
    await put(place, owner, sealed)
    await get(place)
    expect(await put(place, ownerOf('b'), utf8('another'))).toMatchObject({
      status: 403,
      reason: 'not-owner',
    })
    expect(await receipt(place, ownerOf('b'))).toMatchObject({ status: 403, reason: 'not-owner' })
    expect((await put(place, owner, utf8('sealed anew'))).status).toBe(204)
    expect((await get(place)).bytes).toEqual(utf8('sealed anew'))
    expect((await receipt(place, owner)).json).toMatchObject({ fetched: 2 })
  })

  it('is revoked by its owner alone, for good', async () => {
    const { put, get, revoke, receipt } = await open()
    expect(await revoke(place, owner)).toMatchObject({ status: 404, reason: 'unknown' })
    await put(place, owner, sealed)
    await get(place)
    expect(await revoke(place, ownerOf('b'))).toMatchObject({ status: 403, reason: 'not-owner' })
    expect((await get(place)).status).toBe(200)
    expect((await revoke(place, owner)).status).toBe(204)
    expect((await revoke(place, owner)).status).toBe(204)
    expect(await get(place)).toMatchObject({ status: 410, reason: 'revoked' })
    expect(await put(place, owner, sealed)).toMatchObject({ status: 410, reason: 'revoked' })
    expect((await receipt(place, owner)).json).toMatchObject({ fetched: 2 })
  })

  it('is used up some fetches after its uses', async () => {
    const { put, get } = await open()
    await put(place, owner, sealed, { 'x-cairn-uses': '2' })
    const answers = []
    for (let i = 0; i < GRACE + 3; i++) answers.push(await get(place))
    expect(answers.slice(0, -1).map((it) => it.status)).toEqual(Array.from({ length: GRACE + 2 }, () => 200))
    expect(answers.at(-1)).toMatchObject({ status: 410, reason: 'used-up' })
    await put(place, owner, sealed, { 'x-cairn-uses': '3' })
    expect((await get(place)).status).toBe(200)
  })

  it.each([
    ['a place that is none', 'abc', {}, sealed, 400, 'place'],
    ['a place in capitals', placeOf('a').toUpperCase(), {}, sealed, 400, 'place'],
    ['no owner', place, { 'x-cairn-owner': '' }, sealed, 400, 'owner'],
    ['an end that was', place, { 'x-cairn-expires': '1000' }, sealed, 400, 'expires'],
    ['an end that is none', place, { 'x-cairn-expires': 'soon' }, sealed, 400, 'expires'],
    ['an end in a thousand years', place, { 'x-cairn-expires': '33000000000000' }, sealed, 400, 'expires'],
    ['no uses', place, { 'x-cairn-uses': '0' }, sealed, 400, 'uses'],
    ['another kind', place, { 'x-cairn-kind': 'films' }, sealed, 400, 'kind'],
    ['nothing', place, {}, new Uint8Array(0), 400, 'body'],
    ['too much', place, {}, new Uint8Array(MAX_CAPABILITY + 1), 413, 'size'],
    [
      'too much of a list',
      place,
      { 'x-cairn-kind': 'recovery' },
      new Uint8Array(MAX_RECOVERY + 1),
      413,
      'size',
    ],
  ])('refuses %s, and keeps nothing of it', async (_, at, headers, body, status, reason) => {
    const { put, get } = await open()
    expect(await put(at, owner, body, headers)).toMatchObject({ status, reason })
    expect(await get(place)).toMatchObject({ status: 404, reason: 'unknown' })
  })

  it('has room for recovery lists', async () => {
    const { put, get } = await open()
    const list = new Uint8Array(MAX_RECOVERY).fill(7)
    expect((await put(place, owner, list, { 'x-cairn-kind': 'recovery' })).status).toBe(201)
    expect((await get(place)).bytes).toEqual(list)
  })

  it('answers pages of any origin, and other methods and paths', async () => {
    const { ask } = await open()
    const asked = { 'access-control-request-headers': 'x-cairn-owner', origin: 'https://app.example' }
    const preflight = await ask('OPTIONS', place, asked)
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, PUT, DELETE')
    expect(preflight.headers.get('access-control-allow-headers')).toBe('x-cairn-owner')
    expect(await ask('POST', place)).toMatchObject({ status: 405, reason: 'method' })
    expect(await ask('GET', `${place}/more`)).toMatchObject({ status: 400, reason: 'place' })
  })

  it('is not there at a relay that keeps nothing, or no spaces', async () => {
    const bare = await open()
    const none = await started.relay()
    const off = await open({ spaces: false })
    expect(await joinClient(`http://127.0.0.1:${none.port}/`).put(place, owner, sealed)).toMatchObject({
      status: 404,
      reason: 'not-kept',
    })
    expect(await off.put(place, owner, sealed)).toMatchObject({ status: 404, reason: 'not-kept' })
    expect(await describeAt(off.base)).toMatchObject({ spaces: false, spaceLimits: null })
    expect(await describeAt(bare.base)).toMatchObject({
      spaces: true,
      spaceLimits: { bytesPerSpace: 1024 ** 3, reposPerSpace: 10_000 },
    })
  })
})

describe('a flood', () => {
  it('is slowed by its address, and others are not', async () => {
    const { base } = await open()
    const loud = joinClient(base, '192.0.2.1')
    const statuses = new Map<number, number>()
    for (let i = 0; i < REQUESTS_PER_MINUTE + 20; i++) {
      const { status } = await loud.get(placeOf(String(i)))
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    expect(statuses.get(404)).toBeGreaterThanOrEqual(REQUESTS_PER_MINUTE)
    expect(statuses.get(429)).toBeGreaterThan(0)
    expect(await loud.get(place)).toMatchObject({ status: 429, reason: 'too-many' })
    expect((await joinClient(base, '192.0.2.2').get(place)).status).toBe(404)
  })

  it('fills what one address may have, and no more', async () => {
    const { base, relay } = await open()
    const kind = { 'x-cairn-kind': 'recovery' }
    const loud = joinClient(base, '192.0.2.1')
    const list = new Uint8Array(MAX_RECOVERY).fill(1)
    const fits = BYTES_PER_ADDRESS / MAX_RECOVERY
    for (let i = 0; i < fits; i++)
      expect((await loud.put(placeOf(`p${i}`), owner, list, kind)).status).toBe(201)
    const over = await loud.put(place, owner, list, kind)
    expect(over).toMatchObject({ status: 429, reason: 'too-many' })
    expect(over.headers.get('retry-after')).not.toBeNull()
    expect((await joinClient(base, '192.0.2.2').put(place, owner, list, kind)).status).toBe(201)
    expect(await metric(relay, 'cairn_join_places')).toBe(fits + 1)
    expect(await metric(relay, 'cairn_join_bytes')).toBe((fits + 1) * MAX_RECOVERY)
    // What it takes away makes room again.
    expect((await loud.revoke(placeOf('p0'), owner)).status).toBe(204)
    expect((await loud.put(placeOf('p-more'), owner, list, kind)).status).toBe(201)
  })

  it('stays under the cap of the store', async () => {
    const { put, get } = await open({ storeLimits: { bytes: 80_000 } })
    expect((await put(place, owner, sealed)).status).toBe(201)
    const list = new Uint8Array(MAX_RECOVERY)
    expect(await put(placeOf('b'), owner, list, { 'x-cairn-kind': 'recovery' })).toMatchObject({
      status: 507,
      reason: 'full',
    })
    expect(await get(placeOf('b'))).toMatchObject({ status: 404 })
    expect((await get(place)).status).toBe(200)
  })
})

describe('a relay that starts again', () => {
  it('has what was put, its count, its owner, and what was revoked', async () => {
    const dataDir = await started.folder()
    const first = await started.relay({ dataDir })
    const before = joinClient(`http://127.0.0.1:${first.port}/`)
    await before.put(place, owner, sealed, { 'x-cairn-uses': '1', ...later() })
    for (let i = 0; i < GRACE; i++) await before.get(place)
    await before.put(placeOf('gone'), owner, sealed)
    await before.revoke(placeOf('gone'), owner)
    await first.close()
    const second = await started.relay({ dataDir })
    const after = joinClient(`http://127.0.0.1:${second.port}/`)
    expect((await after.receipt(place, owner)).json).toMatchObject({ fetched: GRACE })
    expect((await after.get(place)).bytes).toEqual(sealed)
    expect(await after.get(place)).toMatchObject({ status: 410, reason: 'used-up' })
    expect(await after.put(place, ownerOf('b'), sealed)).toMatchObject({ status: 403 })
    expect(await after.get(placeOf('gone'))).toMatchObject({ status: 410, reason: 'revoked' })
    expect(await metric(second, 'cairn_join_places')).toBe(1)
  })
})

describe('what a relay writes down', () => {
  it('has no place, owner, body or address in its log', async () => {
    const lines: string[] = []
    const log = createLog({ level: 'debug', write: (line) => lines.push(line), now: Date.now })
    const { base } = await open({ log, storeLimits: { bytes: 80_000 } })
    const { put, get, receipt, revoke, ask } = joinClient(base, '192.0.2.77')
    const secret = utf8('a marker that must not be found')
    await put(place, owner, secret, { 'x-cairn-uses': '1', ...later() })
    for (let i = 0; i < GRACE + 2; i++) await get(place)
    await receipt(place, owner)
    await put(place, ownerOf('b'), secret)
    await put(placeOf('b'), owner, new Uint8Array(MAX_RECOVERY), { 'x-cairn-kind': 'recovery' })
    await put(place, owner, new Uint8Array(MAX_CAPABILITY + 1))
    await ask('GET', `${place}%2f..`)
    await revoke(place, owner)
    await get(place)
    const all = lines.join('')
    expect(lines.filter((it) => it.includes('"route":"join"')).length).toBeGreaterThan(GRACE)
    for (const hidden of [place, owner, ownerOf('b'), placeOf('b'), 'marker', '192.0.2.77'])
      expect(all.includes(hidden)).toBe(false)
  })

  it('has no owner’s word and no address in its files', async () => {
    const dataDir = await started.folder()
    const relay = await started.relay({ dataDir })
    const client = joinClient(`http://127.0.0.1:${relay.port}/`, '192.0.2.77')
    await client.put(place, owner, sealed)
    await relay.close()
    const names = await readdir(dataDir, { recursive: true, withFileTypes: true })
    const files = names.filter((it) => it.isFile())
    const contents = await Promise.all(files.map((it) => readFile(join(it.parentPath, it.name))))
    const all = Buffer.concat(contents)
    // What is there is found by this.
    expect(all.includes(place)).toBe(true)
    for (const hidden of [owner, Buffer.from(owner, 'hex'), '192.0.2.77'])
      expect(all.includes(hidden)).toBe(false)
  })
})
