import type { Device } from './device.ts'
import { expect, test } from './fixtures.ts'
import type { Account, Pds } from './pds/client.ts'

const OFFER = 'org.p2pds.replication.offer'
const PEER = 'org.p2pds.peer'
const CONSENT = 'org.p2pds.replication.consent'
/** Written at one server, heard of and read at the other device, ms. */
const SOON = 20_000

test.beforeEach(({ pds }) => pds.call('setStreams', { open: true }))
test.afterEach(({ pds }) => pds.call('setStreams', { open: false }))

const rkeyOf = (did: string): string => did.replaceAll(':', '-')

async function values(pds: Pds, { did }: Account, collection: string): Promise<Record<string, unknown>[]> {
  const records = await pds.call('listRecords', { did, collection })
  return records.map(({ uri, value }) => ({ rkey: uri.split('/').at(-1), ...value }))
}

async function signIn({ engine }: Device, account: Account): Promise<void> {
  await engine.accounts.signInWithPassword({ who: account.handle, password: 'password' })
}

const state = async ({ engine }: Device, other: Account): Promise<string | undefined> =>
  (await engine.network.published()).find(({ theirs }) => theirs === other.did)?.state

const card = ({ page }: Device) => page.getByRole('region', { name: 'Published agreements' })

test('one publishes an agreement, the other finds and accepts it, and it ends for both', async ({
  pds,
  device,
  newAccount,
}) => {
  const [alice, bob] = await Promise.all([newAccount(), newAccount()])
  const [one, two] = await Promise.all([device(), device()])
  await Promise.all([one.connected(), two.connected()])
  await signIn(one, alice)
  await signIn(two, bob)
  // Signed in alone says nothing in public.
  expect(await values(pds, alice, PEER)).toEqual([])

  await one.tab.open('/network')
  await card(one).getByRole('button', { name: 'Publish one' }).click()
  await one.page.getByRole('textbox', { name: 'With' }).fill(bob.handle)
  await one.page.getByRole('button', { name: 'Look them up' }).click()
  await expect(one.page.getByRole('dialog')).toContainText('has published nothing of that kind')
  await one.page.getByRole('button', { name: 'Publish it' }).click()
  await expect(card(one).getByRole('listitem')).toContainText('waits for an answer')
  await expect
    .poll(() => values(pds, alice, OFFER))
    .toMatchObject([
      {
        rkey: rkeyOf(bob.did),
        $type: OFFER,
        subject: bob.did,
        minCopies: 2,
        intervalSec: 600,
        priority: 50,
      },
    ])
  const self = (await one.engine.network.status()).self
  expect(await values(pds, alice, PEER)).toMatchObject([{ rkey: rkeyOf(alice.did), peerId: self }])

  await two.tab.open('/network')
  await card(two).getByRole('button', { name: 'Publish one' }).click()
  await two.page.getByRole('textbox', { name: 'With' }).fill(alice.handle)
  await two.page.getByRole('button', { name: 'Look them up' }).click()
  await expect(two.page.getByRole('dialog')).toContainText('offers to keep yours')
  await two.page.getByRole('button', { name: 'Cancel' }).click()
  await expect(card(two).getByRole('listitem')).toContainText('asks you')
  await card(two)
    .getByRole('button', { name: /^Accept/ })
    .click()
  await expect(card(two).getByRole('listitem')).toContainText('holds')
  await expect
    .poll(() => values(pds, bob, OFFER))
    .toMatchObject([{ rkey: rkeyOf(alice.did), subject: alice.did }])
  await expect.poll(() => two.rev(alice.did), { timeout: SOON }).toBeDefined()

  await one.engine.network.findPublished(bob.handle)
  await expect.poll(() => state(one, bob)).toBe('active')
  await expect.poll(() => one.rev(bob.did), { timeout: SOON }).toBeDefined()
  await expect
    .poll(async () => (await one.engine.network.status()).live, { timeout: SOON })
    .toMatchObject([{ state: 'live' }])

  // Bob ends it: his record goes, and with it the copy of Alice that he kept for it.
  await card(two).getByRole('button', { name: /^End/ }).click()
  await two.page.getByRole('checkbox', { name: /^And delete the copy/ }).check()
  await two.page.getByRole('button', { name: 'End it and delete' }).click()
  await expect.poll(() => state(two, alice)).toBe('ended')
  await expect.poll(() => two.rev(alice.did)).toBeUndefined()
  await expect.poll(() => values(pds, bob, OFFER), { timeout: SOON }).toEqual([])
  expect(await values(pds, bob, PEER)).toEqual([])
  // Alice's device hears of it from Bob's server, lets go of his copy and takes her offer back.
  await expect.poll(() => state(one, bob), { timeout: SOON }).toBe('ended')
  await expect.poll(() => one.rev(bob.did), { timeout: SOON }).toBeUndefined()
  await expect.poll(() => values(pds, alice, OFFER), { timeout: SOON }).toEqual([])
  const notes = (await one.engine.activity.list({ limit: 50 })).filter(({ kind }) =>
    kind.startsWith('agreement'),
  )
  expect(notes.map(({ kind, fields }) => [kind, fields['by']])).toEqual([
    ['agreement.ended', 'them'],
    ['agreement.accepted', 'them'],
    ['agreement.offered', 'us'],
  ])
})

test('a copy that was there before stays, and who lets anyone keep one is kept one way', async ({
  pds,
  device,
  newAccount,
}) => {
  const [alice, bob] = await Promise.all([newAccount(), newAccount()])
  const [one, two] = await Promise.all([device(), device()])
  await one.keep(bob.did)
  await signIn(two, bob)
  await two.tab.open('/network')
  await card(two)
    .getByRole('checkbox', { name: /^Let anyone keep a copy/ })
    .click()
  await expect(card(two).getByRole('checkbox', { name: /^Let anyone keep a copy/ })).toBeChecked()
  expect(await values(pds, bob, CONSENT)).toMatchObject([{ rkey: rkeyOf(bob.did), scope: 'any' }])

  await signIn(one, alice)
  const { state: made } = await one.engine.network.publish({ ours: alice.did, theirs: bob.handle })
  expect(made).toBe('one-way')
  await two.engine.network.setConsent(bob.did, false)
  await expect.poll(() => state(one, bob), { timeout: SOON }).toBe('ended')
  await expect.poll(() => values(pds, alice, OFFER), { timeout: SOON }).toEqual([])
  expect(await one.rev(bob.did)).toBeDefined()
})

test('what is published without a network is written when there is one, also after a reload', async ({
  pds,
  device,
  newAccount,
}) => {
  const [alice, bob] = await Promise.all([newAccount(), newAccount()])
  const one = await device()
  const { page, context } = one
  await one.connected()
  await signIn(one, alice)
  await one.keep(bob.did)
  await one.tab.installed()
  await one.tab.open('/network')
  const consent = card(one).getByRole('checkbox', { name: /^Let anyone keep a copy/ })
  await expect(consent).toBeEnabled()

  await context.setOffline(true)
  await pds.call('stopServer', {})
  await card(one).getByRole('button', { name: 'Publish one' }).click()
  // Whom the name means is known by the copy.
  await page.getByRole('textbox', { name: 'With' }).fill(`@${bob.handle}`)
  await page.getByRole('button', { name: 'Publish it' }).click()
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await consent.click()
  const later = card(one).getByText('It is written to your repository as soon as its server answers.')
  await expect(later).toHaveCount(2)
  await expect(card(one).getByRole('alert')).toHaveCount(0)
  await page.reload()
  await expect(later).toHaveCount(2)
  await expect(consent).toBeChecked()

  await pds.call('startServer', {})
  await context.setOffline(false)
  await expect.poll(() => values(pds, alice, OFFER), { timeout: SOON }).toMatchObject([{ subject: bob.did }])
  await expect.poll(() => values(pds, alice, CONSENT), { timeout: SOON }).toMatchObject([{ scope: 'any' }])
  await expect(later).toHaveCount(0)
  await expect(consent).toBeChecked()
})
