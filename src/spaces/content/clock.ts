/** Counters are above 0 and below this. */
export const COUNTER_END = 2 ** 48
/** How far one person alone can move everyone's counter: from below it, and once. */
const LEAP = 2 ** 32

/**
 * The counter that everyone goes on from, of the greatest counter of each person: the greatest of all, but no more
 * than `LEAP` above that of the next person. Else one register with the last counter there is would leave nobody a
 * greater one, for good. Who has come that far is not moved so again: with each thing that is written the next leap
 * would begin, and there is room for 65,536.
 */
export function commonCounter(greatest: Iterable<number>): number {
  let first = 0
  let second: number | undefined
  let persons = 0
  for (const counter of greatest) {
    persons++
    if (counter > first) {
      second = persons === 1 ? undefined : first
      first = counter
    } else if (second === undefined || counter > second) second = counter
  }
  if (second === undefined || first - second <= LEAP) return first
  return second < LEAP ? second + LEAP : second
}
