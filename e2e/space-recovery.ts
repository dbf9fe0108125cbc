import { readFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { expect } from './expect.ts'
import { storedRows } from './stored.ts'
import type { Member } from './space-fixtures.ts'

/** What a person does with the way back into their spaces, by the names that they see. */

/** The place under Settings where the way back is made and taken. */
export const recoveryCard = (page: Page) => page.getByRole('region', { name: 'Recovery of spaces' })

/** Opens Settings from within the app, or by its address. */
export async function openRecovery({ page, tab }: Member): Promise<void> {
  await tab.open('/settings')
  await expect(recoveryCard(page)).toBeVisible()
}

/** Presses the button for words under Settings, and gives those that are shown; the dialog stays open. */
export async function showWords({ page, screen }: Member): Promise<readonly string[]> {
  await recoveryCard(page)
    .getByRole('button', { name: /^Make (recovery|new) words$/ })
    .click()
  const shown = screen.dialog.getByRole('listitem')
  await expect(shown).toHaveCount(12)
  return shown.allInnerTexts()
}

/** Says that the words are on paper, and types those three that are asked for, as `read` gives them. */
export async function confirmWords({ screen }: Member, read: (place: number) => string): Promise<void> {
  const { dialog } = screen
  const onPaper = dialog.getByRole('button', { name: 'I have written them down' })
  if (await onPaper.isVisible()) await onPaper.click()
  const fields = dialog.getByRole('textbox', { name: /^Word \d+$/ })
  await expect(fields).toHaveCount(3)
  for (const field of await fields.all()) {
    const label = (await field.evaluate((input: HTMLInputElement) => input.labels?.[0]?.textContent)) ?? ''
    await field.fill(read(Number(label.replace('Word ', ''))))
  }
  await dialog.getByRole('button', { name: 'Confirm' }).click()
}

/** Makes words, writes them down, and confirms them; the last page of the dialog stays open. */
export async function makeWords(member: Member): Promise<readonly string[]> {
  const words = await showWords(member)
  await confirmWords(member, (place) => words[place - 1] ?? '')
  await expect(member.screen.dialog.getByRole('heading', { name: 'You have a way back' })).toBeVisible()
  return words
}

/** Saves the recovery as a file from the last page of that dialog. */
export async function saveRecoveryFile({ page, screen }: Member, passphrase: string): Promise<Buffer> {
  const { dialog } = screen
  await dialog.getByText('Save it as a file too').click()
  await dialog.getByLabel('Passphrase for the file').fill(passphrase)
  const started = page.waitForEvent('download')
  await dialog.getByRole('button', { name: /^Save a file, / }).click()
  const download = await started
  expect(download.suggestedFilename()).toBe('cairn-recovery.json')
  await expect(dialog.getByRole('status').filter({ hasText: 'Saved.' })).toBeVisible()
  return readFile(await download.path())
}

/** Waits until a relay keeps the list of what the recovery opens, as this device has it. */
export async function listIsKept({ page }: Member, spaces: number): Promise<void> {
  await expect
    .poll(async () => {
      const { network } = JSON.parse(await storedRows(page, ['network'])) as {
        network: [string, RecoveryList][]
      }
      const row = network.find(([key]) => key === 'recovery')?.[1]
      return row?.at.some(({ counter }) => counter === row.list.counter) === true
        ? row.list.spaces.length
        : undefined
    })
    .toBe(spaces)
}

/** As far as it is read here. */
interface RecoveryList {
  readonly list: { readonly counter: number; readonly spaces: readonly unknown[] }
  readonly at: readonly { readonly counter: number }[]
}

export type WayBack =
  | { readonly words: readonly string[] }
  | { readonly file: Buffer; readonly passphrase: string }

/** Enters words or a file into the dialog that opens one's spaces again, and asks; the dialog is opened first. */
export async function enterWayBack(member: Member, way: WayBack): Promise<void> {
  const { page, screen, name } = member
  const { dialog } = screen
  if (!(await dialog.isVisible())) {
    await recoveryCard(page).getByRole('button', { name: 'Open my spaces again' }).click()
    await dialog.getByRole('textbox', { name: 'Your name in it' }).fill(name)
  }
  if ('words' in way) {
    await dialog.getByRole('textbox', { name: 'The words, in their order' }).fill(way.words.join(' '))
  } else {
    await dialog.getByRole('group', { name: 'By' }).getByRole('button', { name: 'Recovery file' }).click()
    await dialog
      .getByLabel('Recovery file')
      .setInputFiles({ name: 'cairn-recovery.json', mimeType: 'application/json', buffer: way.file })
    await dialog.getByLabel(/^Passphrase/).fill(way.passphrase)
  }
  await dialog.getByRole('button', { name: 'Open them' }).click()
}
