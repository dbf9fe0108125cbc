import { formatTid, MAX_CLOCK_ID, parseTid } from '../../core/tid.ts'
import type { Host } from '../host.ts'

/**
 * A TID that is later than all of `taken`, also when the clock was set back. The clock id is random: two devices of
 * one person write at the same time.
 */
export function nextTid({ clock, random }: Pick<Host, 'clock' | 'random'>, taken: readonly string[]): string {
  const last = taken.reduce((most, id) => Math.max(most, parseTid(id)?.micros ?? 0), 0)
  const micros = Math.max(clock.now() * 1000 + (random() % 1000), last + 1)
  return formatTid(micros, random() % (MAX_CLOCK_ID + 1))
}
