import { CairnError, hasCode } from '../../core/errors.ts'
import { SpacesError } from '../../spaces/errors.ts'
import { linkState } from '../../spaces/links/accept.ts'
import { type Capability, openCapability } from '../../spaces/links/capability.ts'
import { parseLink } from '../../spaces/links/link.ts'
import { linkPlace } from '../../spaces/links/place.ts'
import { createMailbox, type Mailbox } from '../../sync/spaces/mailbox.ts'
import type { WriteOptions } from '../../storage/port.ts'
import type { OpenSpace } from './open-space.ts'
import type { SpacesContext } from './parts.ts'

/** What is remembered of a link of this device: table `network`, `space-link/{space}/{link}`. */
interface LinkMail {
  /** by which relays know that it is ours */
  readonly owner: Uint8Array
  /** the link has all of it in itself; no relay keeps anything */
  readonly long: boolean
  /** relays that keep the capability as of this epoch */
  readonly at: readonly string[]
  /** relays that may keep one, of whatever epoch: written before any is given it, and all are told of the end */
  readonly given?: readonly string[]
  readonly epoch: string | undefined
  /** where; undefined before it was put anywhere */
  readonly place: Uint8Array | undefined
}

/** Keeps at relays what short links open, while they are live. */
export interface LinkKeeper {
  begin(space: string, link: string, long: boolean): Promise<void>
  of(space: string, link: string): Promise<LinkMail | undefined>
  settle(it: OpenSpace): Promise<void>
  close(): void
}

/** Nothing is written of a space that was forgotten meanwhile. */
export const isHere = (space: string): WriteOptions => ({
  guards: [{ table: 'spaces', key: space, holds: (row) => row !== undefined }],
})

/** The mailboxes of the relays of this device: the app's own, and those that were reached. */
export const mailboxes = ({ host, app, net }: SpacesContext): Map<string, Mailbox> =>
  new Map(
    [...new Set([app, ...(net()?.relays() ?? [])])].map((relay) => [
      relay,
      createMailbox({ relay, fetch: host.fetch, timers: host.timers }),
    ]),
  )

const givenOf = ({ at, given = [] }: LinkMail, more: readonly string[]): readonly string[] => [
  ...new Set([...given, ...at, ...more]),
]

export function createLinkKeeper(context: SpacesContext): LinkKeeper {
  const { host, random } = context
  const { storage, clock } = host
  const over = new AbortController()
  const rowKey = (space: string, link: string): string => `space-link/${space}/${link}`
  const put = (space: string, link: string, mail: LinkMail): Promise<void> =>
    storage.write([{ type: 'put', table: 'network', key: rowKey(space, link), value: mail }], isHere(space))
  const of = async (space: string, link: string): Promise<LinkMail | undefined> =>
    // only this file writes it
    (await storage.get('network', rowKey(space, link))) as LinkMail | undefined
  /** One at a time for each space: two would tell relays different things. */
  const running = new Map<string, Promise<void>>()

  const settle = async ({ space, vault }: OpenSpace): Promise<void> => {
    for (const { record, joins, closings } of vault.state().links) {
      const { link } = record
      const mail = await of(space, link)
      if (mail === undefined || mail.long) continue
      const state = linkState(record, joins.length, closings, clock.now())
      // A relay that takes it away says that it was revoked; that it has expired or is used up, it tells by itself.
      if (state === 'expired' || state === 'used-up') continue
      const held = state === 'live' ? await vault.links.held(link) : undefined
      if (held === undefined) {
        await end(space, link, mail)
        continue
      }
      const boxes = mailboxes(context)
      const at = mail.epoch === held.epoch ? [...mail.at] : []
      const lacking = [...boxes.keys()].filter((it) => !at.includes(it))
      if (lacking.length === 0) continue
      const place = await linkPlace(held.short.id)
      const begun = { ...mail, at, place, epoch: held.epoch, given: givenOf(mail, lacking) }
      await put(space, link, begun)
      for (const relay of lacking) {
        const body = await vault.links.seal(held)
        const { owner } = mail
        const ends = record.expires === null ? {} : { expires: record.expires }
        try {
          await boxes.get(relay)?.put(place, { body, owner, uses: record.uses, ...ends }, over.signal)
          at.push(relay)
        } catch (error) {
          // It is tried again with the next change, and when a relay comes within reach.
          if (!hasCode(error, 'space-sync.mailbox')) throw error
        }
      }
      await put(space, link, { ...begun, at })
    }
  }
  /** The link has ended: whoever opens it is told so, and nothing is kept. */
  const end = async (space: string, link: string, mail: LinkMail): Promise<void> => {
    const { place, owner } = mail
    const given = givenOf(mail, [])
    if (place === undefined || given.length === 0) return
    const left: string[] = []
    const all = mailboxes(context)
    for (const relay of given) {
      const done = await all
        .get(relay)
        ?.revoke(place, owner, over.signal)
        .then(
          () => true,
          // It has nothing of it.
          (error: unknown) => hasCode(error, 'space-sync.mailbox') && error.fields['status'] === 404,
        )
      if (done !== true) left.push(relay)
    }
    await put(space, link, { ...mail, at: mail.at.filter((it) => left.includes(it)), given: left })
  }

  return {
    begin: (space, link, long) =>
      put(space, link, { owner: random(32), long, at: [], epoch: undefined, place: undefined }),
    of,
    async settle(it) {
      const before = running.get(it.space) ?? Promise.resolve()
      const mine = before.catch(() => {}).then(() => settle(it))
      running.set(it.space, mine)
      await mine
    },
    close: () => over.abort(),
  }
}

/**
 * What a link gives.
 *
 * @throws SpacesError for a link that is none, or damaged; CairnError `spaces.link-revoked`, `-expired`, `-used-up`,
 *   `-unknown` (no relay that was reached keeps it), `spaces.offline` (none was reached)
 */
export async function readCapability(context: SpacesContext, text: string): Promise<Capability> {
  const link = await parseLink(text)
  if (link.kind === 'long') return link.capability
  const place = await linkPlace(link.id)
  let ended: CairnError | undefined
  let other: CairnError | undefined
  for (const mailbox of mailboxes(context).values()) {
    try {
      const body = await mailbox.get(place)
      if (body !== undefined) return await openCapability(link, body)
      other ??= new CairnError('spaces.link-unknown')
    } catch (error) {
      // What one relay gives in place of it keeps nobody from what another has.
      if (error instanceof SpacesError) other = error
      else if (!hasCode(error, 'space-sync.mailbox')) throw error
      else if (error.fields['status'] === 410)
        ended = new CairnError(`spaces.link-${String(error.fields['reason'])}`)
    }
  }
  throw ended ?? other ?? new CairnError('spaces.offline')
}
