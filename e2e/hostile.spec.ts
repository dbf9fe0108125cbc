import { hostileCars, legalCars, type HostileCar } from '../src/repo/testing/hostile.ts'
import { wordsFor } from '../src/app/words.ts'
import { fetchCar, forgeSignature } from './cars.ts'
import { expect, NOT_INSTALLED, test } from './fixtures.ts'
import { storedBytes, storedRows } from './stored.ts'

test.use(NOT_INSTALLED)

/** What a refused file may not change. */
const KEPT = ['repos', 'snapshots', 'segments', 'identities', 'blobs', 'imports']

/** Faults that only a key tells; a file of a made-up account comes without one. */
const NEEDS_KEY = new Set(['repo.bad-signature', 'repo.high-s', 'repo.did-mismatch'])

/** The first case of each error code: all cases run against the verifier in its own tests. */
function oneOfEachCode(): HostileCar[] {
  const byCode = new Map<string, HostileCar>()
  for (const one of hostileCars()) {
    if (!byCode.has(one.code) && !NEEDS_KEY.has(one.code)) byCode.set(one.code, one)
  }
  return [...byCode.values()]
}

test('each kind of hostile file is refused with a sentence, and nothing changes', async ({
  cairn,
  newAccount,
}) => {
  const { page } = cairn
  const account = await newAccount()
  await cairn.backUp(account, { records: 41 })
  const before = { rows: await storedRows(page, KEPT), bytes: await storedBytes(page) }

  const cases = oneOfEachCode()
  expect(cases.length).toBeGreaterThan(25)
  for (const [i, { name, code, alsoFine = [], car }] of cases.entries()) {
    await cairn.openFiles([{ name: `hostile-${i}.car`, bytes: car }])
    const problem = cairn.row(`hostile-${i}.car`).getByRole('alert')
    const titles = [code, ...alsoFine].map((one) => RegExp.escape(wordsFor(one).title.split(':')[0] ?? ''))
    await expect(problem, name).toContainText(new RegExp(titles.join('|')))
    await expect(problem, name).not.toContainText(/Error|undefined|\[object/)
    await problem.getByRole('button', { name: 'Dismiss' }).click()
  }
  await expect(cairn.row(`@${account.handle}`)).toContainText('41 records')
  expect(await storedRows(page, KEPT)).toBe(before.rows)
  expect(await storedBytes(page)).toEqual(before.bytes)
})

test('a forged signature over a real repo is refused by the account’s own key', async ({
  cairn,
  pds,
  newAccount,
}) => {
  const account = await newAccount()
  await cairn.open('/')
  await cairn.openFiles([{ name: 'forged.car', bytes: forgeSignature(await fetchCar(pds, account.did)) }])
  await expect(cairn.problem('repo.bad-signature')).toBeVisible()
  await cairn.openRepo(account.did)
  await expect(cairn.page.getByRole('heading', { level: 1 })).toHaveText('Not kept here')
})

test('several files of one account, opened together, each get their turn', async ({ cairn }) => {
  const [first, second] = hostileCars().filter(({ code }) => code === 'repo.key-order')
  expect(first?.did).toBe(second?.did)
  await cairn.open('/')
  await cairn.openFiles(
    [first, second].map((one, i) => ({ name: `turn-${i}.car`, bytes: one?.car ?? new Uint8Array() })),
  )
  for (const i of [0, 1])
    await expect(cairn.problem('repo.key-order', {}, cairn.row(`turn-${i}.car`))).toBeVisible()
})

test('what is odd but legal is accepted, with every record', async ({ openTab, browser }) => {
  const odd = legalCars().filter(({ name }) =>
    /two roots|extra blocks|every block twice|reversed|shuffled|two keys with one CID/.test(name),
  )
  expect(odd.length).toBeGreaterThan(5)
  for (const { name, did, car, records } of odd) {
    const clean = await browser.newContext()
    const tab = await openTab(clean)
    await tab.setUp()
    await tab.open('/')
    await tab.openFiles([{ name: 'odd.car', bytes: car }])
    // As it is kept; while it comes there is a comma behind the number.
    await expect(tab.row(`${records.length} records · `), name).toBeVisible()
    await tab.openRepo(did)
    await expect(tab.page.getByRole('main'), name).toContainText(`${records.length} records, whole`)
    await clean.close()
  }
})

test('a picture that is dropped by mistake is said to be no CAR file', async ({ cairn }) => {
  await cairn.open('/')
  const data = await cairn.page.evaluateHandle(() => {
    const transfer = new DataTransfer()
    transfer.items.add(new File(['not a car'], 'holiday.png', { type: 'image/png' }))
    return transfer
  })
  await cairn.page.dispatchEvent('main', 'drop', { dataTransfer: data })
  await expect(cairn.problem('app.not-a-car')).toBeVisible()
})
