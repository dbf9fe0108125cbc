import { fromHex } from '../../core/bytes.ts'
import { CairnError, hasCode } from '../../core/errors.ts'
import type { RecoveryFinder } from '../../spaces/keys/finder.ts'
import { mergeRecoveryLists, openRecoveryList, type RecoveryList } from '../../spaces/keys/list.ts'
import { createMailbox, type Mailbox } from '../../sync/spaces/mailbox.ts'
import type { SpacesContext } from './parts.ts'

/** Relays that are asked for a list: those here, and those that the lists found name. */
const MAX_RELAYS = 24

export type MailContext = Pick<SpacesContext, 'host' | 'app' | 'net'>

/** The mailbox of a relay; undefined for an address that is none of the web. */
export function mailboxAt({ host }: Pick<MailContext, 'host'>, relay: string): Mailbox | undefined {
  if (!URL.canParse(relay) || !/^https?:$/.test(new URL(relay).protocol)) return undefined
  return createMailbox({ relay, fetch: host.fetch, timers: host.timers })
}

/** What one relay keeps; undefined when it knows of none. Throws `space-sync.mailbox`; KeysError for a broken list. */
export async function listAt(
  context: Pick<MailContext, 'host'>,
  relay: string,
  finder: RecoveryFinder,
): Promise<RecoveryList | undefined> {
  const place = fromHex(finder.place)
  const body = place && (await mailboxAt(context, relay)?.get(place))
  return body && openRecoveryList(finder, body)
}

/** Whether the list on the left says all that the other does. */
export function holdsAll(list: RecoveryList, other: RecoveryList): boolean {
  const own = new Map(list.spaces.map((it) => [it.space, it]))
  return other.spaces.every(({ space, authority }) => {
    const entry = own.get(space)
    return entry !== undefined && (authority === null || entry.authority !== null)
  })
}

/** What all of these say: the one with the highest counter, and what only others have. */
export function mergeLists(lists: readonly RecoveryList[]): RecoveryList | undefined {
  const [newest, ...others] = [...lists].sort((a, b) => b.counter - a.counter)
  if (newest === undefined) return undefined
  return others.reduce((all, it) => (holdsAll(all, it) ? all : mergeRecoveryLists(all, it)), newest)
}

/**
 * The spaces of a recovery, from the relays of this device, of the file, and of what was found so far. One relay may
 * keep an older list, or none: all that answer are asked.
 *
 * @throws CairnError `spaces.recovery-unknown` (no relay that answered keeps a list), `spaces.offline`; KeysError for
 *   lists that do not open, where there is no other
 */
export async function findLists(
  context: MailContext,
  finder: RecoveryFinder,
  known: readonly RecoveryList[],
): Promise<RecoveryList> {
  const lists = [...known]
  const relays = new Set([
    ...[context.app, ...(context.net()?.relays() ?? [])],
    ...known.flatMap(({ spaces }) => spaces.flatMap((it) => it.relays)),
  ])
  let asked = 0
  let hasAnswered = false
  let fault: CairnError | undefined
  // A set gives what is added while it is gone through.
  for (const relay of relays) {
    if (asked++ >= MAX_RELAYS) break
    try {
      const list = await listAt(context, relay, finder)
      hasAnswered = true
      if (list === undefined) continue
      lists.push(list)
      for (const { relays: more } of list.spaces) for (const it of more) relays.add(it)
    } catch (error) {
      if (!(error instanceof CairnError)) throw error
      if (!hasCode(error, 'space-sync.mailbox')) fault = error
    }
  }
  const merged = mergeLists(lists)
  if (merged !== undefined) return merged
  throw fault ?? new CairnError(hasAnswered ? 'spaces.recovery-unknown' : 'spaces.offline')
}
