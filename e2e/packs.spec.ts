import { hash } from 'node:crypto'
import { integrityOf } from '../src/pack/chain.ts'
import { decodePack } from '../src/pack/pack-reader.ts'
import { encodePack } from '../src/pack/pack-writer.ts'
import type { Change, Subscription, SyncPack } from '../src/pack/model.ts'
import type { Device } from './device.ts'
import { expect, NOT_INSTALLED, test } from './fixtures.ts'
import { expectFromPeer, writeNews } from './news.ts'

test.use(NOT_INSTALLED)

/** How a browser last took a repo in from someone else, and what it had tried before that. */
async function lastPulled(device: Device, did: string): Promise<Readonly<Record<string, unknown>>> {
  const item = (await device.activity(did)).find(({ kind }) => kind === 'peer.pulled')
  return item?.fields ?? {}
}

for (const relayOnly of [false, true]) {
  const path = relayOnly ? 'relayed' : 'direct'
  test(`a list of changes is all that goes from browser to browser, ${path}`, async ({
    device,
    newAccount,
    pds,
  }) => {
    const account = await newAccount()
    const { did } = account
    const [one, other] = await Promise.all([
      device({ network: { relayOnly } }),
      device({ network: { relayOnly } }),
    ])
    await one.keep(did)
    await other.keep(did)
    const [peer] = await one.linked()
    await other.linked()
    expect(peer?.path).toBe(path)

    const { rev, path: record, text } = await writeNews(pds, did)
    await one.keep(did)
    await expectFromPeer(other, did, rev)
    expect(await lastPulled(other, did)).toMatchObject({ rung: 'pack', added: 1 })
    await other.tab.open('/activity')
    await expect(other.page.getByRole('main')).toContainText('as a list of changes')
    await other.tab.openRecord(did, record)
    await expect(other.page.getByRole('main')).toContainText(text)
  })
}

/** What a store says in its lists, which others would believe it. */
const LIES: readonly (readonly [string, RegExp, (pack: SyncPack) => SyncPack])[] = [
  ['forges a record', /^repo\.root-mismatch$/, withChanges((all) => all.map(forged))],
  ['leaves a change out', /^repo\.root-mismatch$/, withChanges((all) => all.filter(isCommit))],
  [
    'lies about where the list leads',
    /^sync\.bad-pack$/,
    withSubscription((it) => ({ ...it, nextCursor: it.nextCursor + 1 })),
  ],
]

for (const [lie, code, tamper] of LIES) {
  test(`a store that ${lie} is named, and no head moves by its list`, async ({
    device,
    newAccount,
    app,
    pds,
  }) => {
    const account = await newAccount()
    const { did } = account
    const [giver, taker] = await Promise.all([device(), device()])
    await giver.keep(did)
    await giver.connected()
    // Only the store gives it to others.
    await giver.engine.network.setListed(did, false)
    await giver.engine.network.keepAtStore(did, `${app.url}/`)
    const { peerId } = await app.describe()
    await taker.keep(did)
    await taker.connected()
    await expect.poll(() => taker.copy(did, peerId)).toMatchObject({ kind: 'store', state: 'current' })
    let told = 0
    await taker.context.route('**/sync', async (route) => {
      const answer = await route.fetch()
      const pack = decodePack(await answer.body())
      if ((pack.pull?.subscriptions[0]?.commits.length ?? 0) > 0) told++
      await route.fulfill({
        response: answer,
        headers: {
          'content-type': answer.headers()['content-type'] ?? '',
          'access-control-allow-origin': '*',
        },
        body: Buffer.from(encodePack(tamper(pack), { groupThreshold: 1 })),
      })
    })
    const { rev } = await writeNews(pds, did)
    await giver.keep(did)
    await expectFromPeer(taker, did, rev)
    expect(told, 'the store was asked for a list').toBeGreaterThan(0)
    const fields = await lastPulled(taker, did)
    expect(fields).toMatchObject({ rung: 'difference', peer: peerId })
    expect(fields['tried']).toEqual([
      expect.objectContaining({ rung: 'pack', peer: peerId, code: expect.stringMatching(code) }),
    ])
    await taker.tab.open('/activity')
    await expect(taker.page.getByRole('main')).toContainText('A list of changes was asked for first.')
  })
}

const isCommit = ({ table }: Change): boolean => table === 'com.atproto.sync.commit'

/** One letter of the last record's text becomes another; what is encoded stays well-formed. */
function forged(change: Change): Change {
  const { row } = change
  if (isCommit(change) || typeof row !== 'object' || row === null || Array.isArray(row)) return change
  const bytes = (row as { readonly record?: unknown }).record
  if (!(bytes instanceof Uint8Array)) return change
  const record = bytes.slice()
  const at = Buffer.from(record).indexOf('News of ')
  record[at] = 'L'.charCodeAt(0)
  return { ...change, row: { record } }
}

function withChanges(change: (all: readonly Change[]) => readonly Change[]): (pack: SyncPack) => SyncPack {
  return withSubscription((it) => ({
    ...it,
    commits: it.commits.map((commit) => ({ ...commit, changes: change(commit.changes) })),
  }))
}

/** The chain is made to fit: it proves nothing of who wrote what. */
function withSubscription(change: (it: Subscription) => Subscription): (pack: SyncPack) => SyncPack {
  const lie = (told: Subscription): Subscription => {
    const { integrity, ...changed } = change(told)
    if (integrity === undefined) return told
    const { partitionId, previousChainRoot } = integrity
    const place = { partitionId, subscriptionId: changed.id }
    const fitting = integrityOf(changed.commits, place, sha256, previousChainRoot)
    return { ...changed, ...(fitting === undefined ? {} : { integrity: fitting }) }
  }
  return ({ pull, ...pack }) => ({
    ...pack,
    ...(pull === undefined ? {} : { pull: { ...pull, subscriptions: pull.subscriptions.map(lie) } }),
  })
}

const sha256 = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => hash('sha256', bytes, 'buffer')
