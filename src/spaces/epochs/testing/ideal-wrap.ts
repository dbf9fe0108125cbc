import type { Random } from '../../crypto.ts'
import { equalBytes, toHex } from '../../../core/bytes.ts'
import { HPKE_KEY_BYTES } from '../../key-card.ts'
import type { KeyUnwrap, KeyWrap } from '../wrap.ts'

/**
 * What HPKE promises, without cryptography: a table of what was sealed for whom, opened only by who is asked for it.
 * For tests of who comes to hold which key. It proves nothing about HPKE, and its bytes are chance.
 */
export function createIdealWrap(random: Random): {
  readonly hpke: KeyWrap
  unwrapper(device: string, publicKey: Uint8Array): KeyUnwrap
} {
  interface Row {
    readonly to: string
    readonly info: Uint8Array
    readonly additional: Uint8Array
    readonly sealed: Uint8Array
    readonly plain: Uint8Array
  }
  const rows = new Map<string, Row>()
  return {
    hpke: {
      async seal(key, info, additional, plain) {
        const enc = random(HPKE_KEY_BYTES)
        const sealed = random(plain.length + 16)
        rows.set(toHex(enc), { to: toHex(key), info, additional, sealed, plain: plain.slice() })
        return { enc, sealed }
      },
    },
    unwrapper: (device, publicKey) => ({
      device,
      async open({ enc, sealed }, info, additional) {
        const row = rows.get(toHex(enc))
        const opens =
          row?.to === toHex(publicKey) &&
          equalBytes(row.sealed, sealed) &&
          equalBytes(row.info, info) &&
          equalBytes(row.additional, additional)
        return opens ? row.plain.slice() : undefined
      },
    }),
  }
}
