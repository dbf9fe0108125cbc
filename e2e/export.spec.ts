import { createHash } from 'node:crypto'
import { cidText } from '../src/repo/testing/cid.ts'
import { dataRoot, fetchCar, readCar } from './cars.ts'
import { expect, test } from './fixtures.ts'
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
