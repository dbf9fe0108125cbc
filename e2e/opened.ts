import type { Page } from '@playwright/test'
import { expect } from './expect.ts'

/** How often it is looked, and for how long, ms. */
const EVERY = 20
const AT_MOST = 15_000

/**
 * Waits until a screen is there: its heading is. An assertion that does not hold at first is tried again after up to
 * half a second, which is more than a screen needs; so it is asked when it holds.
 */
export async function opened(page: Page): Promise<void> {
  const headed = () => document.querySelector('h1')?.checkVisibility() === true
  await page.waitForFunction(headed, undefined, { polling: EVERY, timeout: AT_MOST })
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
}
