import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { acceptableKey } from './accept.ts'
import { formatTid } from '../core/tid.ts'
import {
  createIdentityResolver,
  identityFromKept,
  requireKey,
  requirePds,
  type Identity,
} from './identity.ts'
import { failure } from './testing/errors.ts'
import {
  documentOf,
  HOUR,
  LOG_START,
  makeKey,
  startLog,
  type PlcLogMaker,
  type TestKey,
} from './testing/plc-maker.ts'
import { createWorld, type World } from './testing/world.ts'

let world: World
let log: PlcLogMaker
let rotation: TestKey
let oldKey: TestKey
let newKey: TestKey

const handle = 'alice.cairn-test.org'
const plc = 'https://plc.cairn-test.org'
const doh = 'https://dns.cairn-test.org/resolve'
const pds = 'https://pds.cairn-test.org'

beforeEach(async () => {
  world = await createWorld()
  rotation = await makeKey('k256')
  oldKey = await makeKey('k256')
  newKey = await makeKey('p256')
  log = await startLog(
    { rotationKeys: [rotation], signing: oldKey, handle, pds: 'https://old.cairn-test.org' },
    rotation,
  )
  await log.add({ rotationKeys: [rotation], signing: newKey, handle, pds }, rotation)
  serve()
  serveHandle(log.did)
})
afterEach(() => world.close())

function newest(): Record<string, unknown> {
  const operation = log.entries.at(-1)?.operation
  if (operation === undefined) throw new Error('a log has a genesis')
  return documentOf(log.did, operation)
}

function serve(document: unknown = newest(), entries: unknown = log.entries): void {
  world.json(`${plc}/${log.did}`, document)
  world.json(`${plc}/${log.did}/log/audit`, entries)
}

function serveHandle(did: string): void {
  world.json(doh, { Answer: [{ type: 16, data: `"did=${did}"` }] })
}

const resolve = (input: string): Promise<Identity> =>
  createIdentityResolver({ ...world.network(), endpoints: { plc, doh, resolver: '' } }).resolve(input)

describe('resolve', () => {
  it('takes a handle both ways and proves the keys', async () => {
    const identity = await resolve(`@${handle.toUpperCase()}`)
    expect(identity).toEqual({
      did: log.did,
      handle,
      handleVerified: true,
      handleVia: 'dns',
      pds,
      document: newest(),
      plcLog: log.entries,
      keys: [
        { didKey: oldKey.didKey, from: LOG_START, until: LOG_START + HOUR },
        { didKey: newKey.didKey, from: LOG_START + HOUR, until: undefined },
      ],
      currentKey: newKey.didKey,
      keysFrom: 'plc-log',
      warnings: [],
      resolvedAt: world.timers.clock.now(),
    })
    expect(structuredClone(identity)).toEqual(identity)
    expect(requirePds(identity)).toBe(pds)
    expect(requireKey(identity)).toBe(newKey.didKey)
  })

  it.each([
    ['a DID', () => log.did],
    ['an at:// URI', () => `at://${log.did}/app.bsky.feed.post/3kabcdefgh22a`],
    ['a link', () => `https://bsky.app/profile/${log.did}`],
    ['a link by handle', () => `https://bsky.app/profile/${handle}/post/3k`],
  ])('takes %s', async (_name, input) => {
    expect(await resolve(input())).toMatchObject({ did: log.did, handle, handleVerified: true, pds })
  })

  it('takes a directory under a path', async () => {
    world.json(`https://mirror.cairn-test.org/plc/${log.did}`, newest())
    world.json(`https://mirror.cairn-test.org/plc/${log.did}/log/audit`, log.entries)
    const endpoints = { plc: 'https://mirror.cairn-test.org/plc/', doh, resolver: '' }
    expect(await createIdentityResolver({ ...world.network(), endpoints }).resolve(log.did)).toMatchObject({
      pds,
    })
  })

  it('refuses a handle that the account does not claim', async () => {
    serveHandle(log.did)
    expect(await failure(resolve('mallory.cairn-test.org'))).toEqual({
      code: 'pds.handle-invalid',
      handle: 'mallory.cairn-test.org',
      reason: 'not-claimed',
      did: log.did,
    })
  })

  it('finds an account by its DID whatever its handle does', async () => {
    serveHandle('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
    expect(await resolve(log.did)).toMatchObject({
      did: log.did,
      handle,
      handleVerified: false,
      handleVia: undefined,
    })
    world.json(doh, {}, 500)
    expect(await resolve(log.did)).toMatchObject({ did: log.did, handle, handleVerified: false })
  })

  it('believes the log over the document, and says where they differ', async () => {
    const stranger = await makeKey('p256')
    const bent = documentOf(log.did, {
      alsoKnownAs: ['at://mallory.cairn-test.org'],
      verificationMethods: { atproto: stranger.didKey },
      services: {
        atproto_pds: { type: 'AtprotoPersonalDataServer', endpoint: 'https://thief.cairn-test.org' },
      },
    })
    serve(bent)
    const identity = await resolve(log.did)
    expect(identity).toMatchObject({ pds, handle, currentKey: newKey.didKey })
    expect(identity.warnings).toEqual([
      'document-key-differs',
      'document-pds-differs',
      'document-handles-differ',
    ])
  })

  it('refuses a log that does not prove itself, and the log of another account', async () => {
    serve(newest(), log.entries.slice(1))
    expect(await failure(resolve(log.did))).toMatchObject({
      code: 'pds.plc-log-invalid',
      reason: 'no-genesis',
      index: 0,
    })
    const other = await startLog({ rotationKeys: [rotation], signing: newKey }, rotation)
    serve(newest(), other.entries)
    expect(await failure(resolve(log.did))).toMatchObject({
      code: 'pds.plc-log-invalid',
      reason: 'wrong-did',
    })
    serve({ ...newest(), id: other.did })
    expect(await failure(resolve(log.did))).toEqual({
      code: 'pds.did-mismatch',
      did: log.did,
      found: other.did,
    })
  })

  it('says that a DID is tombstoned, proven by its log', async () => {
    await log.add('tombstone', rotation)
    for (const status of [404, 410]) {
      world.json(`${plc}/${log.did}`, { message: 'DID not available' }, status)
      world.json(`${plc}/${log.did}/log/audit`, log.entries)
      expect(await failure(resolve(log.did))).toEqual({ code: 'pds.did-tombstoned', did: log.did })
    }
  })

  it('tells a DID that is not there from a directory that is away', async () => {
    world.json(`${plc}/*`, { message: 'DID not registered' }, 404)
    const nobody = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
    expect(await failure(resolve(nobody))).toEqual({ code: 'pds.did-not-found', did: nobody })
    world.json(`${plc}/${log.did}/log/audit`, {}, 503)
    expect(await failure(resolve(log.did))).toMatchObject({ code: 'pds.http', status: 503, retriable: true })
    world.json(`${plc}/${log.did}/log/audit`, {}, 429, { 'retry-after': '3' })
    expect(await failure(resolve(log.did))).toMatchObject({ code: 'pds.rate-limited', retryAfter: 3000 })
    world.route(`${plc}/${log.did}/log/audit`, (_asked, response) => response.end('<html>'))
    expect(await failure(resolve(log.did))).toMatchObject({ code: 'pds.bad-response', reason: 'not-json' })
  })

  it('refuses other methods and what names nobody', async () => {
    expect(await failure(resolve('did:key:z6Mk'))).toMatchObject({ code: 'pds.did-unsupported' })
    expect(await failure(resolve('hello'))).toMatchObject({ code: 'pds.input-unsupported' })
  })

  it('can be cancelled', async () => {
    const resolver = createIdentityResolver({ ...world.network(), endpoints: { plc, doh, resolver: '' } })
    expect(await failure(resolver.resolve(log.did, { signal: AbortSignal.abort() }))).toEqual({
      code: 'pds.cancelled',
    })
  })
})

describe('did:web', () => {
  const did = 'did:web:web.cairn-test.org'
  const webDocument = (): Record<string, unknown> =>
    documentOf(did, {
      alsoKnownAs: [`at://${handle}`],
      verificationMethods: { atproto: newKey.didKey },
      services: { atproto_pds: { type: 'AtprotoPersonalDataServer', endpoint: pds } },
    })

  it('has one key, as good as its host', async () => {
    world.json('https://web.cairn-test.org/.well-known/did.json', webDocument())
    serveHandle(did)
    expect(await resolve(handle)).toMatchObject({
      did,
      handle,
      handleVerified: true,
      pds,
      plcLog: undefined,
      keys: [{ didKey: newKey.didKey, from: 0, until: undefined }],
      keysFrom: 'did-web',
    })
  })

  it('may be away or gone', async () => {
    expect(await failure(resolve(did))).toMatchObject({ code: 'pds.network' })
    world.json('https://web.cairn-test.org/.well-known/did.json', {}, 404)
    expect(await failure(resolve(did))).toEqual({ code: 'pds.did-not-found', did })
  })

  it('is read again from what was kept, marked as what it is', async () => {
    const kept = await identityFromKept({ did, document: webDocument(), plcLog: undefined })
    expect(kept).toMatchObject({ did, keysFrom: 'did-web', currentKey: newKey.didKey, resolvedAt: undefined })
  })
})

describe('identityFromKept', () => {
  it('is the identity as resolved, but for what only the network can say', async () => {
    const identity = await resolve(log.did)
    const { did, document, plcLog } = structuredClone(identity)
    expect(await identityFromKept({ did, document, plcLog })).toEqual({
      ...identity,
      handleVerified: false,
      handleVia: undefined,
      resolvedAt: undefined,
    })
  })

  it('proves the log again', async () => {
    const entries = log.entries.map((entry) => ({ ...entry, cid: log.entries[0]?.cid }))
    const kept = { did: log.did, document: newest(), plcLog: entries }
    expect(await failure(identityFromKept(kept))).toMatchObject({
      code: 'pds.plc-log-invalid',
      reason: 'cid-mismatch',
    })
  })

  it('has only the word of the document where there is no log', async () => {
    const kept = await identityFromKept({ did: log.did, document: newest(), plcLog: undefined })
    expect(kept).toMatchObject({ keysFrom: 'document', currentKey: newKey.didKey, plcLog: undefined, pds })
    expect(kept.keys).toHaveLength(1)
  })

  it('keeps the past of an account that is tombstoned', async () => {
    const document = newest()
    await log.add('tombstone', rotation)
    const kept = await identityFromKept({ did: log.did, document, plcLog: log.entries })
    expect(kept).toMatchObject({ pds: undefined, currentKey: undefined, keysFrom: 'plc-log' })
    expect(kept.keys.map(({ until }) => until)).toEqual([LOG_START + HOUR, LOG_START + 2 * HOUR])
    expect(() => requirePds(kept)).toThrowError(/pds.no-pds/)
    expect(() => requireKey(kept)).toThrowError(/pds.no-key/)
    // what it signed before its end still counts
    const rev = formatTid((LOG_START + HOUR + 1) * 1000, 0)
    const commit = { didKey: newKey.didKey, rev, fetchedFromCurrentPds: false }
    expect(acceptableKey(kept, commit)).toEqual({ ok: true, by: 'past-key' })
  })
})
