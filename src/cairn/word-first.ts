import type { Timers } from '../core/timers.ts'

/**
 * So long what a new head starts here waits when others were told of it, ms: the screen, the history, the index and
 * retention want the processor and the disk just when word of it is on its way out, and in.
 */
const WORD_TAKES = 20

export const wordFirst = (timers: Timers): Promise<void> =>
  new Promise((resolve) => void timers.after(WORD_TAKES, resolve))
