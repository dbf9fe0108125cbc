import { readFile } from 'node:fs/promises'
import { expect } from './expect.ts'
import type { Member } from './space-fixtures.ts'

/** What a person does to take a space with them and to bring it back, by the names that they see. */

export interface SavedFile {
  readonly name: string
  readonly bytes: Buffer
}

/** Exports the space of that address from its Settings; gives the file that the browser saved. */
export async function exportSpace(
  { page, screen, tab }: Member,
  space: string,
  passphrase = '',
): Promise<SavedFile> {
  await screen.open(space, 'settings')
  await tab.installed()
  const card = page.getByRole('region', { name: 'Take it with you' })
  await card.getByLabel(/^Seal it with a passphrase/).fill(passphrase)
  const started = page.waitForEvent('download')
  await card.getByRole('button', { name: 'Export a zip' }).click()
  const download = await started
  await expect(card.getByRole('status')).toHaveText('Saved.')
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) }
}

/** Chooses a file in the dialog that imports a space, and asks; the dialog is opened first. */
export async function importSpace(
  { tab, page, screen, name }: Member,
  file: SavedFile,
  passphrase = '',
): Promise<void> {
  const { dialog } = screen
  if (!(await dialog.isVisible())) {
    await tab.open('/spaces')
    await page.getByRole('button', { name: 'Import a space' }).click()
    await dialog.getByRole('textbox', { name: 'Your name in it' }).fill(name)
  }
  await dialog
    .getByLabel('Zip file')
    .setInputFiles({ name: file.name, mimeType: 'application/octet-stream', buffer: file.bytes })
  await dialog.getByLabel(/^Passphrase/).fill(passphrase)
  await dialog.getByRole('button', { name: 'Import', exact: true }).click()
}

/** Forgets the space of that address on this device, from its Settings. */
export async function forgetSpace({ page, screen }: Member, space: string): Promise<void> {
  const { dialog } = screen
  await screen.open(space, 'settings')
  await page.getByRole('button', { name: 'Forget this space on this device' }).click()
  const forget = dialog.getByRole('button', { name: 'Forget it' })
  await expect(forget).toBeDisabled()
  await dialog.getByRole('textbox').fill('forget it')
  await forget.click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Spaces')
}
