import { fetchCar } from './cars.ts'
import { expect, test } from './fixtures.ts'

test('a CAR file that is dropped on any screen is imported', async ({ cairn, pds, newAccount }) => {
  const { page } = cairn
  const account = await newAccount()
  const car = Buffer.from(await fetchCar(pds, account.did)).toString('base64')
  await cairn.open('/activity')
  const data = await page.evaluateHandle(async (base64) => {
    const bytes = await (await fetchBytes(base64)).arrayBuffer()
    const transfer = new DataTransfer()
    transfer.items.add(new File([bytes], 'dropped.car'))
    return transfer
    function fetchBytes(text: string): Promise<Blob> {
      return Promise.resolve(new Blob([Uint8Array.from(atob(text), (char) => char.charCodeAt(0))]))
    }
  }, car)
  await page.dispatchEvent('main', 'dragenter', { dataTransfer: data })
  await expect(page.getByText('Drop the CAR file to open it')).toBeVisible()
  await page.dispatchEvent('main', 'drop', { dataTransfer: data })
  await expect(cairn.row(/41 records/)).toContainText(/Saved on this device/)
})

test('the installed app opens the file that the system hands it', async ({
  cairn,
  openTab,
  pds,
  newAccount,
  context,
}) => {
  const account = await newAccount()
  const car = Buffer.from(await fetchCar(pds, account.did)).toString('base64')
  // a real file handle, of a file in this origin's own file system; only the launch itself is played
  await cairn.page.evaluate(async (base64) => {
    const root = await navigator.storage.getDirectory()
    const writer = await (await root.getFileHandle('handed.car', { create: true })).createWritable()
    await writer.write(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)))
    await writer.close()
  }, car)
  await context.addInitScript(() => {
    const launchQueue = {
      async setConsumer(take: (params: { files: FileSystemFileHandle[] }) => void): Promise<void> {
        const root = await navigator.storage.getDirectory()
        take({ files: [await root.getFileHandle('handed.car')] })
      },
    }
    Object.defineProperty(window, 'launchQueue', { value: launchQueue, configurable: true })
  })
  const tab = await openTab()
  await tab.open('/open')
  await expect(tab.row(/41 records/)).toContainText(/Saved on this device/)
})

test('a file of an account that no directory knows is kept, and said to be unproven', async ({
  cairn,
  pds,
  newAccount,
}) => {
  const { page } = cairn
  const account = await newAccount()
  const car = await fetchCar(pds, account.did)
  await pds.call('stopServer', {})
  await page.route(`${pds.plc}/**`, (route) => route.abort())
  await cairn.open('/')
  await cairn.openFiles([{ name: 'alone.car', bytes: car }])
  await expect(cairn.row('41 records · ')).toBeVisible()
  await cairn.openRepo(account.did)
  await expect(page.getByRole('main')).toContainText('41 records, whole')
  await expect(page.getByRole('main')).toContainText('not checked')
})
