import { expect as base } from '@playwright/test'

/** ms; the last is repeated. Left to itself, `poll` soon asks once a second, and half of that is waited for nothing. */
const INTERVALS = [50, 100, 200]

const poll: typeof base.poll = (actual, options) =>
  base.poll(actual, {
    intervals: INTERVALS,
    ...(typeof options === 'string' ? { message: options } : options),
  })

/** Playwright's, with a `poll` that hears soon. */
export const expect = Object.assign(base.configure({}), { poll })
