import { hostileCars, legalCars, type HostileCar } from '../src/repo/testing/hostile.ts'
import { wordsFor } from '../src/app/words.ts'
import { fetchCar, forgeSignature } from './cars.ts'
import { expect, test } from './fixtures.ts'
import { storedBytes, storedRows } from './stored.ts'

/** What a refused file may not change. */
const KEPT = ['repos', 'snapshots', 'segments', 'identities', 'blobs', 'imports']

/** Faults that only a key tells; a file of a made-up account comes without one. */
const NEEDS_KEY = new Set(['repo.bad-signature', 'repo.high-s', 'repo.did-mismatch'])

/** The first case of each error code: all cases run against the verifier in its own tests. */
function oneOfEachCode(): HostileCar[] {
  const byCode = new Map<string, HostileCar>()
  for (const one of hostileCars()) if (!byCode.has(one.code) && !NEEDS_KEY.has(one.code)) byCode.set(one.code, one)
  return [...byCode.values()]
}

test('each kind of hostile file is refused with a sentence, and nothing changes', async ({ cairn, newAccount }) => {
  const { page } = cairn
  const account = await newAccount()
  await cairn.backUp(account, { records: 41 })
  const before = { rows: await storedRows(page, KEPT), bytes: await storedBytes(page) }

  const cases = oneOfEachCode()
  expect(cases.length).toBeGreaterThan(25)
  await cairn.openFiles(cases.map(({ car }, i) => ({ name: `hostile-${i}.car`, bytes: car })))
  for (const [i, { name, code, alsoFine = [] }] of cases.entries()) {
    const row = cairn.row(new RegExp(`hostile-${i}\\.car`))
    const codes = [code, ...alsoFine]
    await expect(row.getByRole('alert'), name).toContainText(new RegExp(codes.map((one) => RegExp.escape(wordsFor(one).title)).join('|')))
    await expect(row.getByRole('alert'), name).not.toContainText(/Error|undefined|\[object/)
  }
  await expect(cairn.row(`@${account.handle}`)).toContainText('41 records')
  expect(await storedRows(page, KEPT)).toBe(before.rows)
  expect(await storedBytes(page)).toEqual(before.bytes)
})

test('a forged signature over a real repo is refused by the account’s own key', async ({ cairn, pds, newAccount }) => {
  const account = await newAccount()
  await cairn.open('/')
  await cairn.openFiles([{ name: 'forged.car', bytes: forgeSignature(await fetchCar(pds, account.did)) }])
  await expect(cairn.problem('repo.bad-signature')).toBeVisible()
  await cairn.openRepo(account.did)
  await expect(cairn.page.getByRole('heading', { level: 1 })).toHaveText('Not kept here')
})

test('what is odd but legal is accepted, with every record', async ({ cairn }) => {
  await cairn.open('/')
  const odd = legalCars().filter(({ name }) => /two roots|extra blocks|every block twice|reversed|shuffled|two keys with one CID/.test(name))
  expect(odd.length).toBeGreaterThan(5)
  for (const { name, did, car, records } of odd) {
    await cairn.open('/')
    await cairn.openFiles([{ name: 'odd.car', bytes: car }])
    await cairn.openRepo(did)
    await expect(cairn.page.getByRole('main'), name).toContainText(`${records.length} records, whole`)
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
