import { readFile } from 'node:fs/promises'
import type { Locator, Page } from '@playwright/test'
import { engineOf, probe } from './engine.ts'
import { expect } from './expect.ts'
import { opened } from './opened.ts'
import { formatNumber } from '../src/app/lib/format.ts'
import { collectionHref, recordHref, repoHref, type RepoTab } from '../src/app/lib/routes.ts'
import { wordsFor } from '../src/app/words.ts'

export interface Urls {
  readonly app: string
  readonly pds: string
  readonly plc: string
}

/** Settings by which nothing outside this machine is asked. */
export const localServers = ({ pds, plc }: Urls) => ({ plc, doh: '', resolver: pds, allowLocal: true })

export interface NamedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/** How long a whole backup of the largest test account may take on a busy two-core machine. */
const BACKUP_MS = 60_000

export type CairnPage = ReturnType<typeof createCairnPage>

/** A tab of Cairn and what a person does in it, by the names that the person sees. */
export function createCairnPage(page: Page, urls: Urls) {
  const open = async (path = '/'): Promise<void> => {
    await page.goto(urls.app + path)
    await opened(page)
  }

  /** The Library's row of an account, or of a job by its label. */
  const row = (text: string | RegExp): Locator =>
    page.getByRole('main').getByRole('listitem').filter({ hasText: text })

  const add = async (input: string): Promise<void> => {
    await page.getByRole('textbox', { name: 'Handle, DID or link to keep a copy of' }).fill(input)
    await page.getByRole('button', { name: 'Back up', exact: true }).click()
  }

  /** Waits until the app is on this device: from then on it opens without a server, and streams files to disk. */
  const installed = async (): Promise<void> => {
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  }

  return {
    page,
    urls,
    open,
    installed,
    row,
    add,
    openRepo: (did: string, tab: RepoTab = 'overview') => open(repoHref(did, tab)),
    openCollection: (did: string, collection: string) => open(collectionHref(did, collection)),
    openRecord: (did: string, path: string) => open(recordHref(did, path)),

    /** Opens the Library with every endpoint pointed at the local servers. */
    async setUp(): Promise<void> {
      await probe(page.context())
      await open('/')
      await engineOf(page).device.setSettings({ endpoints: localServers(urls) })
    },

    /** The same as a person does it, in Settings, which stay open. */
    async setUpByHand(): Promise<void> {
      await open('/settings')
      await page.getByRole('textbox', { name: 'PLC directory' }).fill(urls.plc)
      await page.getByRole('textbox', { name: 'DNS over HTTPS' }).fill('')
      await page.getByRole('textbox', { name: 'Handle resolver' }).fill(urls.pds)
      await page.getByRole('checkbox', { name: /^Allow addresses/ }).check()
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      // offered for as long as the form differs from what is stored
      await expect(page.getByRole('button', { name: 'Undo' })).toHaveCount(0)
      await expect(page.getByRole('textbox', { name: 'PLC directory' })).toHaveValue(urls.plc)
    },

    /** Asks for a backup on the Library and waits until it has ended; `whole`: with nothing left to wish for. */
    async backUp(
      account: { handle: string },
      counts: { records: number; blobs?: number },
      { whole = true }: { whole?: boolean } = {},
    ): Promise<void> {
      if (page.url() !== `${urls.app}/`) await open('/')
      await add(account.handle)
      const kept = row(`@${account.handle}`)
      await expect(kept).toContainText(`${formatNumber(counts.records)} record`, { timeout: BACKUP_MS })
      if (whole) await expect(kept).toContainText('Saved on this device')
      if (counts.blobs !== undefined) await expect(kept).toContainText(`${formatNumber(counts.blobs)} blob`)
    },

    /** Presses "Back up now" on the open repo and waits until its job has ended. */
    async update(did: string): Promise<void> {
      await open(repoHref(did))
      const again = page.getByRole('button', { name: 'Back up now' })
      const backups = async () =>
        (await engineOf(page).activity.jobs()).filter((job) => job.kind === 'backup' && job.did === did)
      const before = (await backups()).length
      // Blobs that go on at a start disable it for a moment, which may be that of the click.
      await expect(async () => {
        await again.click()
        expect((await backups()).length).toBeGreaterThan(before)
      }).toPass()
      const isOver = async () => (await backups()).every(({ endedAt }) => endedAt !== undefined)
      await expect.poll(isOver, { timeout: BACKUP_MS }).toBe(true)
      await expect(again).toBeEnabled()
    },

    /** Chooses files with the Library's picker. */
    async openFiles(files: readonly NamedFile[]): Promise<void> {
      const list = files.map(({ name, bytes }) => ({
        name,
        mimeType: 'application/vnd.ipld.car',
        buffer: Buffer.from(bytes),
      }))
      await page.getByLabel('CAR files').setInputFiles(list)
    },

    /** Waits until nothing on the open screen is on its way any more. */
    async settled(): Promise<void> {
      const busy = page
        .getByRole('main')
        .getByRole('status')
        .filter({ hasText: /^(Loading|Opening|Reading|Comparing|Searching|Asking|Making)\b/ })
      await expect(busy).toHaveCount(0)
      await expect(page.getByRole('main').locator('[aria-busy=true]')).toHaveCount(0)
    },

    /** The alert that says what the words of an error code say. */
    problem(code: string, fields: Record<string, unknown> = {}, within: Page | Locator = page): Locator {
      return within.getByRole('alert').filter({ hasText: wordsFor(code, fields).title })
    },

    /** Asks for an export on the repo's Export tab and gives the file that the browser saved. */
    async exportAs(
      did: string,
      format: 'CAR file' | 'CAR file with blobs' | 'JSON lines',
    ): Promise<{ name: string; bytes: Buffer }> {
      await open(repoHref(did, 'export'))
      await installed()
      const started = page.waitForEvent('download')
      await page.getByRole('button', { name: `Export as ${format}`, exact: true }).click()
      const download = await started
      return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) }
    },

    /** Reads and proves everything again on the open repo's Health tab; waits until it is said when. */
    async checkAgain(did: string): Promise<void> {
      await open(repoHref(did, 'health'))
      const proof = page.getByRole('region', { name: 'Proof' })
      const verified = () => proof.getByRole('time').first().getAttribute('datetime')
      const before = await verified()
      await proof.getByRole('button', { name: 'Check again' }).click()
      await expect.poll(verified).not.toBe(before)
      await expect(page.getByRole('main').getByRole('alert')).toHaveCount(0)
    },
  }
}
