import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import axe from 'axe-core'

/** Each theme at one of the sizes: what is small in one is dark in the other. */
export const VARIANTS = [
  { name: 'wide and light', colorScheme: 'light', width: 1180, height: 800 },
  { name: 'narrow and dark', colorScheme: 'dark', width: 360, height: 740 },
] as const

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** Half a megabyte that a page is given once; in place of nothing the builder takes its own. */
const ONCE = `if (globalThis.axe === undefined) { ${axe.source} }`
const NOTHING = 'undefined'

/** What axe finds on the page as it is, a line for each rule. The page must have no frames. */
export async function violationsOf(page: Page): Promise<string[]> {
  if (page.frames().length > 1) throw new Error('axe is asked about one document only')
  const there = await page.evaluate(() => 'axe' in globalThis)
  const { violations } = await new AxeBuilder({ page, axeSource: there ? NOTHING : ONCE })
    .options({ runOnly: { type: 'tag', values: TAGS }, resultTypes: ['violations'] })
    // On the page itself: the other way puts the results together in a page of its own, each time a new one.
    .setLegacyMode()
    .analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** CSS pixels by which the page is wider than its window. */
export const overflowOf = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
