import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'

/** Each theme at one of the sizes: what is small in one is dark in the other. */
export const VARIANTS = [
  { name: 'wide and light', colorScheme: 'light', width: 1180, height: 800 },
  { name: 'narrow and dark', colorScheme: 'dark', width: 360, height: 740 },
] as const

/** What axe finds on the page as it is, a line for each rule. */
export async function violationsOf(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** CSS pixels by which the page is wider than its window. */
export const overflowOf = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
