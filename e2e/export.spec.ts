import { createHash } from 'node:crypto'
import { cidText } from '../src/repo/testing/cid.ts'
import { dataRoot, fetchCar, readCar } from './cars.ts'
import { expect, test } from './fixtures.ts'
import { repoHref } from '../src/app/lib/routes.ts'
import { readZip } from './zip.ts'

test('an exported CAR holds what the server has, and imports elsewhere with the same root', async ({
  cairn,
  openTab,
  pds,
  ada,
  browser,
}) => {
  await cairn.backUp(ada, { records: 1_233 })
  const served = await fetchCar(pds, ada.did)
  const { name, bytes } = await cairn.exportAs(ada.did, 'CAR file')
  expect(name).toMatch(/\.car$/)
  expect(readCar(bytes).root).toBe(readCar(served).root)
  expect(dataRoot(bytes)).toBe(dataRoot(served))
  const cids = (car: Uint8Array) =>
    readCar(car)
      .blocks.map(({ cid }) => cidText(cid))
      .sort()
  expect(cids(bytes)).toEqual(cids(served))

  const elsewhere = await browser.newContext()
  const tab = await openTab(elsewhere)
  await tab.setUp()
  await tab.open('/')
  await tab.openFiles([{ name, bytes }])
  await expect(tab.row('1,233 records · ')).toBeVisible()
  const again = await tab.exportAs(ada.did, 'CAR file')
  expect(readCar(again.bytes).root).toBe(readCar(served).root)
  await elsewhere.close()
})

test('the zip holds the CAR and every blob under its CID, and opens with another reader', async ({
  cairn,
  pds,
  ada,
}) => {
  await cairn.backUp(ada, { records: 1_233, blobs: 43 })
  const { name, bytes } = await cairn.exportAs(ada.did, 'CAR file with blobs')
  expect(name).toMatch(/\.zip$/)
  const entries = readZip(bytes)
  const cars = [...entries].filter(([entry]) => entry.endsWith('.car'))
  expect(cars).toHaveLength(1)
  expect(readCar(cars[0]?.[1] ?? bytes).root).toBe(readCar(await fetchCar(pds, ada.did)).root)
  for (const cid of await pds.call('listBlobs', ada)) {
    const found = [...entries].find(([entry]) => entry.includes(cid))
    expect(found?.[0], cid).toBeDefined()
    const digest = createHash('sha256')
      .update(found?.[1] ?? '')
      .digest()
    expect(cidText(Buffer.concat([Buffer.from([1, 0x55, 0x12, 32]), digest]))).toBe(cid)
  }
})

test('JSON lines hold a line for each record', async ({ cairn, ada }) => {
  await cairn.backUp(ada, { records: 1_233 })
  const { name, bytes } = await cairn.exportAs(ada.did, 'JSON lines')
  expect(name).toMatch(/\.jsonl$/)
  const lines = bytes.toString('utf8').trimEnd().split('\n')
  expect(lines).toHaveLength(1_233)
  for (const line of lines)
    expect(JSON.parse(line)).toEqual(
      expect.objectContaining({ value: expect.anything(), cid: expect.any(String) }),
    )
})

test('an export that the browser ended in the midst says so', async ({ page, cairn, ada, context }) => {
  await cairn.backUp(ada, { records: 1_233 })
  await cairn.open(repoHref(ada.did, 'export'))
  await cairn.installed()
  // as a disk that takes no more for a while
  await page.evaluate(() => {
    ReadableStreamDefaultReader.prototype.read = () => new Promise(() => {})
  })
  const started = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export as CAR file', exact: true }).click()
  await started
  await expect(page.getByText('Saving. Keep this tab open until it is done.')).toBeVisible()
  const session = await context.newCDPSession(page)
  await session.send('ServiceWorker.enable')
  await session.send('ServiceWorker.stopAllWorkers')
  await expect(page.getByRole('main').getByRole('alert')).toContainText('Saving was stopped.')
})
