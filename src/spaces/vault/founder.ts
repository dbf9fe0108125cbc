import { parseOperation } from '../members/operation.ts'
import type { VaultParts } from './parts.ts'

/** The person whose device began the space, or took it over: who holds the authority, as far as the operations tell. */
export function founderOf({ log, persons, host }: VaultParts): string | undefined {
  const { authority } = log.members.state()
  for (const cid of log.members.all().toReversed()) {
    const { operation } = parseOperation(log.members.bytesOf(cid), host.sha256)
    const { act, author } = operation
    if (operation.authority === authority && (act.kind === 'create' || act.kind === 'succeed'))
      return persons.personOf(author)
  }
  return undefined
}
