import type { Prng } from '../../repo/testing/prng.ts'

/** What breaks parsers: borders of numbers, names that objects have by themselves, text that is no text. */
const NUMBERS = [0, -1, 1, 255, 65_536, 2 ** 31, 2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1]
const TEXTS = [
  '',
  '\0',
  '__proto__',
  'constructor',
  '../..',
  '\u{fffd}'.repeat(300),
  'did:',
  'at://',
  'a'.repeat(9000),
]

/** Bytes a little otherwise: some turned, some gone, some twice, some from nowhere. */
export function mutateBytes(prng: Prng, bytes: Uint8Array): Uint8Array {
  let out = Buffer.from(bytes)
  for (let turns = 1 + prng.int(4); turns > 0; turns--) {
    const at = prng.int(out.length + 1)
    switch (prng.int(6)) {
      case 0:
        out[at] = prng.int(256)
        break
      case 1:
        out[at] = (out[at] ?? 0) ^ (1 << prng.int(8))
        break
      case 2:
        out = out.subarray(0, at)
        break
      case 3:
        out = Buffer.concat([out.subarray(0, at), prng.bytes(prng.int(64)), out.subarray(at)])
        break
      case 4:
        out = Buffer.concat([out, out.subarray(at)])
        break
      default:
        out = Buffer.concat([out.subarray(0, at), out.subarray(Math.min(out.length, at + prng.int(16)))])
    }
  }
  return out
}

/** A value with something in it replaced, left out or put in: what can still be written, and passes for a message. */
export function mutateValue(prng: Prng, value: unknown): unknown {
  if (prng.chance(0.25)) return anything(prng)
  if (Array.isArray(value)) {
    const list: unknown[] = [...value]
    if (list.length === 0 || prng.chance(0.2)) return [...list, ...list, anything(prng)]
    const at = prng.int(list.length)
    list[at] = mutateValue(prng, list[at])
    return list
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return anything(prng)
  const entries = Object.entries(value)
  const at = prng.int(entries.length)
  const [name = ''] = entries[at] ?? []
  if (prng.chance(0.15)) return Object.fromEntries(entries.filter((_, i) => i !== at))
  if (prng.chance(0.1)) return { ...value, [prng.pick(['x', 'constructor', 'id', 'type'])]: anything(prng) }
  // What a message is called stays most often: else nothing of it is looked at.
  if (name === 'type' && prng.chance(0.9)) return mutateValue(prng, value)
  return { ...value, [name]: mutateValue(prng, Reflect.get(value, name)) }
}

function anything(prng: Prng): unknown {
  switch (prng.int(7)) {
    case 0:
      return prng.pick(NUMBERS)
    case 1:
      return prng.pick(TEXTS)
    case 2:
      return prng.bytes(prng.pick([0, 1, 31, 32, 33, 64, 1000]))
    case 3:
      return null
    case 4:
      return prng.chance(0.5)
    case 5:
      return Array.from({ length: prng.pick([0, 1, 200]) }, () => prng.pick(TEXTS))
    default:
      return { [prng.pick(TEXTS.slice(1, 5))]: prng.pick(NUMBERS) }
  }
}
