import { compareBytes } from '../../core/bytes.ts'
import { kindOf } from '../content/ids.ts'
import type { InnerPlace } from '../content/model.ts'
import { readRegister } from '../content/register.ts'

/**
 * Of the values that one device has at one inner place, the one that counts: of registers the one with the greatest
 * counter, then the one whose bytes are greater. An honest device has one value; what a broken one has comes out the
 * same everywhere.
 */
export function newestRegister<T extends { readonly value: Uint8Array }>(
  place: InnerPlace,
  list: readonly T[],
): T | undefined {
  if (list.length < 2) return list[0]
  const kind = kindOf(place.collection)
  const counterOf = ({ value }: T): number => {
    const register = kind === undefined ? undefined : readRegister(kind, value)
    return typeof register === 'object' ? register.clock : 0
  }
  const counted = list.map((it) => ({ it, counter: counterOf(it) }))
  counted.sort((a, b) => b.counter - a.counter || compareBytes(b.it.value, a.it.value))
  return counted[0]?.it
}
