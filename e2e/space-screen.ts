import type { Locator, Page } from '@playwright/test'
import { expect } from './expect.ts'
import { opened } from './opened.ts'
import { parseRoute, spaceHref, type SpaceTab } from '../src/app/lib/routes.ts'
import { wordsFor } from '../src/app/words.ts'

export interface ShareOptions {
  readonly kind?: 'Can write' | 'Can read' | 'Has to ask'
  readonly ends?: string
  readonly uses?: string
  readonly long?: boolean
}

export type SpaceScreen = ReturnType<typeof createSpaceScreen>

/** What a person does with group spaces in one tab, by the names that the person sees. */
export function createSpaceScreen(page: Page, app: string) {
  const main = page.getByRole('main')
  const parts = page.getByRole('navigation', { name: 'Parts of this space' })
  const dialog = page.getByRole('dialog')

  /** The space that the open address is of. */
  const space = (): string => {
    const route = parseRoute(new URL(page.url()).pathname)
    if (route.name !== 'space') throw new Error(`no space is open: ${page.url()}`)
    return route.space
  }
  const open = async (of: string, tab?: SpaceTab, id?: string): Promise<void> => {
    await page.goto(app + spaceHref(of, tab, id))
    await opened(page)
  }
  /** Opens a menu and presses one of its buttons. */
  const choose = async (menu: Locator, action: string): Promise<void> => {
    await menu.click()
    await page.getByRole('button', { name: action, exact: true }).click()
  }
  const post = (text: string): Locator => page.getByRole('article').filter({ hasText: text })
  const task = (title: string): Locator =>
    page.getByRole('list', { name: 'Tasks' }).getByRole('listitem').filter({ hasText: title })
  const person = (name: string): Locator =>
    page
      .getByRole('region', { name: /^\d+ (person|people)$/ })
      .getByRole('listitem')
      // others may be named in the row too: by whose link they came
      .filter({ has: page.locator('.person-name').getByText(name, { exact: true }) })

  return {
    page,
    main,
    dialog,
    space,
    open,
    choose,
    post,
    task,
    person,

    /** Makes a space on the Spaces screen; gives its URI. */
    async make(title: string, name: string): Promise<string> {
      await page.goto(`${app}/spaces`)
      await page.getByRole('button', { name: /^(Make a space|New space)$/ }).click()
      await page.getByRole('textbox', { name: 'What is it called?' }).fill(title)
      await page.getByRole('textbox', { name: 'Your name in it' }).fill(name)
      await page.getByRole('button', { name: 'Make the space' }).click()
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(title)
      return space()
    },

    /** A tab of the space that is open. */
    async tab(name: string): Promise<void> {
      await parts.getByRole('link', { name: new RegExp(`^${name}`) }).click()
      await expect(parts.locator('[aria-current=page]')).toContainText(name)
    },
    /** How much is new in a tab, as it says. */
    news: (name: string): Locator => parts.getByRole('link', { name: new RegExp(`^${name}`) }),

    /** Makes a link with the dialog and gives it as it is shown; the dialog stays open. */
    async share({ kind = 'Can write', ends, uses, long = false }: ShareOptions = {}): Promise<string> {
      await page.getByRole('button', { name: 'Share a link' }).click()
      await dialog.getByRole('radio', { name: kind }).check()
      if (ends !== undefined) await dialog.getByRole('combobox', { name: 'It ends' }).selectOption(ends)
      if (uses !== undefined) await dialog.getByRole('combobox', { name: 'It is for' }).selectOption(uses)
      if (long) await dialog.getByRole('checkbox', { name: /^A long link/ }).check()
      await dialog.getByRole('button', { name: 'Make the link' }).click()
      await expect(dialog.getByRole('img', { name: /^QR code/ })).toBeVisible()
      return dialog.getByRole('textbox', { name: 'Link' }).inputValue()
    },

    /** Opens a link as one that was sent, in this tab. */
    async follow(url: string): Promise<void> {
      await page.goto(url)
      await opened(page)
    },

    /** Answers what a followed link asks. */
    async accept(name: string, button = 'Join'): Promise<void> {
      await page.getByRole('textbox', { name: 'Your name in it' }).fill(name)
      await page.getByRole('button', { name: button, exact: true }).click()
    },

    /** Answers what a followed link for another device asks. */
    async addDevice(name: string): Promise<void> {
      await page.getByRole('textbox', { name: /^What you call this device/ }).fill(name)
      await page.getByRole('button', { name: 'Add this device', exact: true }).click()
    },

    /** Writes a post on the Posts tab. */
    async write(text: string): Promise<void> {
      const box = main.getByRole('textbox', { name: /^Write to / })
      await box.fill(text)
      await main.getByRole('button', { name: 'Post', exact: true }).click()
      await expect(box).toHaveValue('')
    },

    /** Adds a task on the Tasks tab. */
    async addTask(title: string): Promise<void> {
      await main.getByRole('textbox', { name: 'New task' }).fill(title)
      await page.keyboard.press('Enter')
      await expect(task(title)).toBeVisible()
    },
    /** Titles of the tasks that show, in their order. */
    async taskTitles(): Promise<string[]> {
      return page.getByRole('list', { name: 'Tasks' }).locator('.task-title').allInnerTexts()
    },

    /** The text of the note that is open. */
    noteText: (): Locator => page.getByRole('textbox', { name: /^Text of / }),

    /** Its paragraphs as one reads them, without the names that stand at the cursors of others. */
    async noteLines(): Promise<string[]> {
      const paragraphs = page.getByRole('textbox', { name: /^Text of / }).locator('p')
      return paragraphs.evaluateAll((all) =>
        all.map((each) => {
          const copy = each.cloneNode(true) as HTMLElement // a clone is what it is a clone of
          for (const cursor of copy.querySelectorAll('[aria-hidden=true]')) cursor.remove()
          return (copy.textContent ?? '').replaceAll('\u2060', '')
        }),
      )
    },

    /** The alert that says what the words of an error code say. */
    problem: (code: string): Locator => page.getByRole('alert').filter({ hasText: wordsFor(code).title }),
  }
}
