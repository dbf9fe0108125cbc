import { toHex } from '../../core/bytes.ts'
import type { Sha256 } from '../../core/hash.ts'
import { SpacesError } from '../errors.ts'
import { parseLinkClosing } from '../links/closing.ts'
import { parseJoin } from '../links/join.ts'
import { parseLinkRecord } from '../links/record.ts'
import type { Signature } from '../signed.ts'
import { MembersError } from './errors.ts'
import type { Letter, OperationFields } from './model.ts'

export interface ReadLetter {
  readonly letter: Letter
  /** still to be checked */
  readonly signatures: readonly Signature[]
}

/**
 * What a `link`, `join` or `close` carries: of the operation's space, and by its author; undefined for other kinds.
 * Throws `members.malformed`.
 */
export function readLetter(fields: OperationFields, sha256: Sha256): ReadLetter | undefined {
  const { space, author, act } = fields
  const check = (of: { readonly space: string }, by: string, name: string): void => {
    if (of.space !== space || by !== author) throw malformed(name)
  }
  switch (act.kind) {
    case 'link': {
      const { record, signature } = read('record', () => parseLinkRecord(act.body.record))
      check(record, record.by, 'record')
      return { letter: { of: 'link', record }, signatures: [signature] }
    }
    case 'join': {
      const { fields: join, named, signatures } = read('join', () => parseJoin(act.body.join))
      check(join, join.device, 'join')
      // Everybody who has the link has that key.
      if (join.device === join.link) throw malformed('join')
      return { letter: { of: 'join', join: { ...join, id: toHex(sha256(named)) } }, signatures }
    }
    case 'close': {
      const { closing, signature } = read('closing', () => parseLinkClosing(act.body.closing))
      check(closing, closing.by, 'closing')
      return { letter: { of: 'close', closing }, signatures: [signature] }
    }
    default:
      return undefined
  }
}

function read<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof SpacesError)) throw error
    throw malformed(name, error)
  }
}

const malformed = (name: string, cause?: unknown): MembersError =>
  new MembersError(
    'members.malformed',
    { reason: `body.${name}` },
    cause === undefined ? undefined : { cause },
  )
