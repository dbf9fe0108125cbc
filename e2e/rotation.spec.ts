import { fetchCar } from './cars.ts'
import { expect, NOT_INSTALLED, test } from './fixtures.ts'
import { post, tid } from './pds/seed.ts'

test.use(NOT_INSTALLED)

test('backups from before and after a rotation prove by the key of their time, and the past key moves no head', async ({
  pds,
  device,
  newAccount,
}) => {
  const account = await newAccount()
  const { did } = account
  const [laptop, phone] = await Promise.all([device(), device()])
  const head = async ({ engine }: typeof laptop) => (await engine.library.get(did))?.head
  await laptop.keep(did)
  const first = await head(laptop)
  const car = await fetchCar(pds, did)

  const keys = await pds.call('rotateKey', { did })
  expect(keys.past).not.toBe(keys.now)
  expect(first).toMatchObject({ signature: 'current-key', signedBy: keys.past })

  // Who opens the file of that time now proves it by the key of that time, and says so.
  await phone.tab.open('/')
  await phone.tab.openFiles([{ name: 'before.car', bytes: car }])
  await expect.poll(() => head(phone)).toMatchObject({ signature: 'past-key', signedBy: keys.past })
  await phone.tab.openRepo(did, 'health')
  await expect(phone.page.getByRole('region', { name: 'Proof' })).toContainText('valid, earlier key')

  await pds.call('applyWrites', { did, writes: [post(500_000, 'Signed anew')] })
  for (const one of [laptop, phone]) {
    await one.keep(did)
    expect(await head(one)).toMatchObject({ signature: 'current-key', signedBy: keys.now })
    await one.tab.checkAgain(did)
    await expect(one.page.getByRole('region', { name: 'Proof' })).toContainText('valid, current key')
  }
  // The backup from before is still there and still proves: its records were signed by that key.
  const { id } = await laptop.engine.library.verify(did)
  const verified = async () => (await laptop.engine.activity.jobs()).find((job) => job.id === id)?.state
  await expect.poll(verified).toBe('done')
  const snapshots = await laptop.engine.library.snapshots(did)
  expect(snapshots.map(({ rev, signedBy }) => [rev, signedBy])).toContainEqual([first?.rev, keys.past])
  const old = await laptop.engine.library.record(did, `app.bsky.feed.post/${tid(0)}`, first?.id)
  expect(old.proof).toMatchObject({ valid: true })

  // Whoever holds the past key signs something newer, and has the account's server serve it.
  const before = await head(laptop)
  await pds.call('signWithPastKey', { did })
  await pds.call('applyWrites', { did, writes: [post(500_001, 'Not by Ada')] })
  await laptop.tab.update(did)
  await expect(laptop.tab.problem('repo.past-key', { reason: 'older-than-kept' })).toBeVisible()
  expect(await head(laptop)).toEqual(before)
  await phone.tab.open('/')
  await phone.tab.openFiles([{ name: 'forged.car', bytes: await fetchCar(pds, did) }])
  await expect(phone.tab.problem('repo.past-key', { reason: 'older-than-kept' })).toBeVisible()
  expect((await head(phone))?.rev).toBe(before?.rev)
})
