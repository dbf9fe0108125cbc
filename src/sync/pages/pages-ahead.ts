import type { PageAnswer } from './client.ts'

/** Pages of a walk that are asked for before it has come to them, each as soon as the head of the one before it is here. */
export interface PagesAhead {
  /** The page that comes next, where it was asked for. */
  next(): Promise<PageAnswer> | undefined
  /** Sees to it that so many pages after this one, or after those that are asked for, are on their way. */
  fill(page: PageAnswer, count: number): void
  /** Nothing that was asked for is of use any more. */
  drop(): void
}

/** `ask` gives the page after a path. */
export function createPagesAhead(ask: (after: string | undefined) => Promise<PageAnswer>): PagesAhead {
  let asked: Promise<PageAnswer>[] = []
  const follow = async (page: PageAnswer | Promise<PageAnswer>): Promise<PageAnswer> => {
    const { end, last } = await page
    if (end) throw new RangeError('no page follows the last')
    return ask(last)
  }
  return {
    next: () => asked.shift(),
    fill(page, count) {
      if (page.end) asked = []
      while (!page.end && asked.length < count) {
        const next = follow(asked.at(-1) ?? page)
        // Awaited when the walk comes to it, if it does.
        next.catch(() => {})
        asked.push(next)
      }
    },
    drop() {
      asked = []
    },
  }
}
