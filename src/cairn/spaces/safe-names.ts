import { utf8 } from '../../core/bytes.ts'

/** Bytes of a name: file systems take 255, and whoever unpacks has folders before it. */
const MAX_BYTES = 120
const MAX_EXTENSION_BYTES = 20
/**
 * What some system does not take, reads as a path, or shows as something else: controls, marks that change the
 * direction of text, separators, and what Windows reserves. Joiners stay, which emoji and some scripts are made with.
 */
const UNSAFE = /(?:(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}<>:"/\\|?*])+/gu
/** Devices of Windows, whatever extension they have. */
export const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?=\.|$)/i

/** Gives names that Windows, macOS and Linux take, and take for different ones. */
export interface SafeNames {
  /**
   * @param wanted what a person called it
   * @param fallback where nothing of that is left
   * @param extension put after it, with its dot; '' leaves the one that is wanted
   */
  take(wanted: string, fallback: string, extension: string): string
}

export function createSafeNames(): SafeNames {
  const taken = new Set<string>()
  /** where the numbers of a name go on, so that a thousand of one name are no million looks */
  const next = new Map<string, number>()

  return {
    take(wanted, fallback, extension) {
      const [base, ending] = parts(wanted, fallback, extension)
      const first = keyOf(base + ending)
      for (let number = next.get(first) ?? 1; ; number++) {
        const name = number === 1 ? base + ending : `${base} (${number})${ending}`
        if (taken.has(keyOf(name))) continue
        next.set(first, number + 1)
        taken.add(keyOf(name))
        return name
      }
    },
  }
}

/** One name on its own, such as that of the whole file. */
export const safeName = (wanted: string, fallback: string): string => parts(wanted, fallback, '').join('')

/** Names that differ in this differ everywhere: not in case, nor in how a character is composed. */
const keyOf = (name: string): string => name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC')

function parts(wanted: string, fallback: string, extension: string): readonly [string, string] {
  const clean = trimmed(wanted.toWellFormed().normalize('NFC').replace(UNSAFE, ' ').replace(/\s+/g, ' '))
  const [stem, ending] = extension === '' ? split(clean) : [clean, extension]
  const base = trimmed(cut(stem, MAX_BYTES - utf8(ending).length))
  const shown = base === '' ? fallback : base
  return [DEVICE.test(shown) ? `_${shown}` : shown, ending]
}

/** Windows drops dots and blanks at the end; names that begin with a dot are not shown elsewhere. */
const trimmed = (name: string): string => name.replace(/^[\s.]+|[\s.]+$/g, '')

function split(name: string): readonly [string, string] {
  const dot = name.lastIndexOf('.')
  const ending = dot > 0 ? name.slice(dot) : ''
  return /\s/.test(ending) || utf8(ending).length > MAX_EXTENSION_BYTES
    ? [name, '']
    : [name.slice(0, name.length - ending.length), ending]
}

function cut(text: string, most: number): string {
  let bytes = 0
  let kept = ''
  for (const char of text) {
    bytes += utf8(char).length
    if (bytes > most) break
    kept += char
  }
  return kept
}
