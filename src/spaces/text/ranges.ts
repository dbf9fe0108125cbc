import type { ClockRange } from './model.ts'

/** The same clocks, ascending, with nothing between two that touch. */
export function joinRanges(ranges: readonly ClockRange[]): ClockRange[] {
  const joined: ClockRange[] = []
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1)
    if (last === undefined || range.from > last.to) joined.push(range)
    else if (range.to > last.to) joined[joined.length - 1] = { from: last.from, to: range.to }
  }
  return joined
}

/** Whether all clocks of `small` are in `big`; both joined. */
export function coversRanges(big: readonly ClockRange[], small: readonly ClockRange[]): boolean {
  let at = 0
  return small.every(({ from, to }) => {
    while ((big[at]?.to ?? Infinity) < to) at++
    return (big[at]?.from ?? Infinity) <= from
  })
}
