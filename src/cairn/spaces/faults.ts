import { leftOf } from '../../core/clock.ts'
import { CairnError } from '../../core/errors.ts'
import type { RefusedWord } from '../../spaces/presence/model.ts'
import type { Ignored, Vault, VaultChange } from '../../spaces/vault/model.ts'
import type { OfferedHead, SpaceFault } from '../../sync/spaces/model.ts'
import { quietly, type SpacesContext } from './parts.ts'

/** The same fault of the same device or peer is noted once in so long, ms. */
const AGAIN_AFTER = 10 * 60_000
/** Faults that are remembered as noted. */
const REMEMBERED = 1000

/** What a space ignored, and who withheld or lied, as Activity shows it: each once, however often it comes. */
export interface SpaceFaults {
  /** What the space holds changed. */
  changed(change: Pick<VaultChange, 'entities'>): void
  ignored(what: Ignored): void
  fault(what: SpaceFault): void
  refusedWord(what: RefusedWord): void
  failed(error: unknown): void
  /** Holds what a peer offers against what members have seen. */
  judge(peer: string, heads: ReadonlyMap<string, OfferedHead>): Promise<void>
}

export function createSpaceFaults(
  { host, log, net }: Pick<SpacesContext, 'host' | 'log' | 'net'>,
  vault: Vault,
): SpaceFaults {
  const noted = new Map<string, number>()
  const note = (
    kind: 'space.ignored' | 'space.fault' | 'space.withheld' | 'space.forked' | 'space.failed',
    key: string,
    fields: Readonly<Record<string, unknown>>,
  ): void => {
    const name = `${kind} ${key}`
    const now = host.clock.now()
    if (leftOf(AGAIN_AFTER, noted.get(name) ?? Number.NEGATIVE_INFINITY, now) > 0) return
    noted.delete(name)
    noted.set(name, now)
    const [oldest] = noted.keys()
    if (noted.size > REMEMBERED && oldest !== undefined) noted.delete(oldest)
    const { space, title } = vault.row
    quietly(log.note({ did: undefined, kind, fields: { ...fields, space, title }, level: 'warning' }))
  }
  /** by person, as they called themselves last: what somebody wrote, their name too, may be gone when it is ignored */
  const names = new Map<string, string>()
  const readNames = (): void => {
    for (const { by, fields } of vault.content.list('profile'))
      if (fields.name !== undefined) names.set(by, fields.name)
  }
  readNames()
  const nameOf = (device: string): string | undefined => {
    const person = vault.persons.personOf(device)
    return person === undefined ? undefined : names.get(person)
  }
  const peerName = (peer: string): string => net()?.nameOf(peer) ?? peer

  return {
    changed({ entities }) {
      if (entities.some((it) => it.startsWith('profile/'))) readNames()
    },
    ignored({ code, device, fields }) {
      // What is done about that is noted instead.
      if (code === 'spaces.cloned') return
      note('space.ignored', `${code} ${device}`, { ...fields, code, device, name: nameOf(device) })
    },
    fault({ code, peer, fields }) {
      const { author } = fields
      // Two commits with one rev, both signed: its proof is kept with the entry, whoever brought it.
      if (code === 'space.equivocation' && typeof author === 'string')
        note('space.forked', author, { ...fields, device: author, name: nameOf(author) })
      else note('space.fault', `${code} ${peer}`, { ...fields, code, peer: peerName(peer) })
    },
    refusedWord: ({ code, from, fields }) =>
      note('space.ignored', `${code} ${from ?? ''}`, {
        ...{ code, device: fields['device'] },
        ...(from === undefined ? {} : { peer: peerName(from) }),
      }),
    failed: (error) =>
      note('space.failed', 'store', { code: error instanceof CairnError ? error.code : 'app.unexpected' }),
    async judge(peer, heads) {
      const { withheld, forks } = await vault.judgeSeen(heads)
      const [first] = withheld
      if (first !== undefined)
        note('space.withheld', peer, { ...first, peer: peerName(peer), count: withheld.length })
      for (const fork of forks) note('space.forked', fork.device, { ...fork, name: nameOf(fork.device) })
    },
  }
}
