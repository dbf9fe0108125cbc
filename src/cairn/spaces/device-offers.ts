import { CairnError, hasCode } from '../../core/errors.ts'
import { SpacesError } from '../../spaces/errors.ts'
import { openDeviceAnswer, type ProvenAnswer } from '../../spaces/links/device-answer.ts'
import { sealDeviceGrant } from '../../spaces/links/device-grant.ts'
import { formatDeviceLink } from '../../spaces/links/device-link.ts'
import { type DeviceOffer, sealDeviceOffer } from '../../spaces/links/device-offer.ts'
import {
  answerPlace,
  createDeviceLink,
  type DeviceLink,
  grantPlace,
  offerPlace,
} from '../../spaces/links/device-place.ts'
import type { Mailbox } from '../../sync/spaces/mailbox.ts'
import { pause } from './arrival.ts'
import { mailboxes } from './link-mail.ts'
import type { OpenSpace } from './open-space.ts'
import { quietly } from './parts.ts'
import type { OpenSpaces } from './service.ts'

/** How long a link can be answered, and how long what it leads to is kept for the new device, ms. */
const LIFE = 10 * 60_000
/** Between two looks for an answer, ms. */
const LOOK_EVERY = 1000
/** The others hear of the new device within so long, or after it has come, ms. */
const TELL_WITHIN = 5000

/** An offer that can be answered. */
interface Live {
  readonly it: OpenSpace
  readonly link: DeviceLink
  readonly offer: DeviceOffer
  /** by which relays know that it is ours */
  readonly owner: Uint8Array
  readonly boxes: readonly Mailbox[]
  readonly over: AbortController
}

/** What the first device does: offers, looks for the answer, and makes the operation. One offer a space at a time. */
export function createDeviceOffers({ context, use }: OpenSpaces): {
  offer(space: string): Promise<{ readonly url: string; readonly expiresAt: number }>
  close(): void
} {
  const { host, app, random, net, vaults, log } = context
  const { clock, timers } = host
  const live = new Map<string, { readonly over: AbortController; readonly ended: Promise<unknown> }>()

  /** An answer that opens, and so comes from who has the link; what else lies there is nothing. */
  const findAnswer = async ({ link, offer, boxes, over }: Live): Promise<ProvenAnswer | undefined> => {
    const place = await answerPlace(link)
    for (const box of boxes) {
      try {
        const body = await box.get(place, over.signal)
        if (body !== undefined) return await openDeviceAnswer(link, offer, body)
      } catch (error) {
        const isTheirs = error instanceof SpacesError || hasCode(error, 'space-sync.mailbox')
        if (!isTheirs) throw error
      }
    }
    return undefined
  }
  const take = async ({ it, link, offer, owner, boxes, over }: Live, answer: ProvenAnswer): Promise<void> => {
    const { vault, space } = it
    const { device, consent, card, name } = answer
    if (!vault.state().devices.has(device)) await vault.acts.addDevice(device, consent)
    // With its card here, the epoch that is in use is wrapped for it.
    await vault.learn({ cards: [card] })
    const { title } = vault.row
    quietly(log.note({ ...NOTE, fields: { space, title, device, name } }))
    // A store lets it in once it knows of it.
    const sync = net()?.sync
    if (sync !== undefined)
      await Promise.race([sync.look(space).catch(() => {}), pause(timers, TELL_WITHIN, over.signal)])
    const body = await sealDeviceGrant(link, offer, answer.keys, await vault.deviceGrant(), vaults.keys.wrap)
    const place = await grantPlace(link)
    const expires = clock.now() + LIFE
    for (const box of boxes) await box.put(place, { body, owner, expires }).catch(unlessMailbox)
  }
  const watch = async (mine: Live): Promise<void> => {
    const { offer, over, boxes, owner, link } = mine
    let isExpired = false
    try {
      while (!over.signal.aborted) {
        isExpired = clock.now() >= offer.expires
        if (isExpired) return
        const answer = await findAnswer(mine)
        if (answer !== undefined) {
          await take(mine, answer)
          return
        }
        await pause(timers, LOOK_EVERY, over.signal)
      }
    } finally {
      // Whoever opens it later is told that it is over. That its time is, relays say by themselves.
      if (!isExpired) {
        const place = await offerPlace(link)
        for (const box of boxes) await box.revoke(place, owner).catch(unlessMailbox)
      }
    }
  }

  /** The link that is there is no more: whoever opens it is told so, where a relay can be reached. */
  const end = async (space: string): Promise<void> => {
    const before = live.get(space)
    before?.over.abort()
    await Promise.race([before?.ended, pause(timers, TELL_WITHIN, new AbortController().signal)])
  }

  return {
    async offer(space) {
      const it = await use(space)
      await end(space)
      const expires = clock.now() + LIFE
      // Nothing to read by: whoever gets hold of the link learns of the space, and no more.
      const bare = { epoch: null, authority: null }
      const offer = { ...(await it.vault.deviceOffer({ expires, withAuthority: false })), ...bare }
      const link = await createDeviceLink(random)
      const owner = random(32)
      const body = await sealDeviceOffer(link, offer, random)
      const place = await offerPlace(link)
      const boxes: Mailbox[] = []
      let word: CairnError | undefined
      for (const box of mailboxes(context).values()) {
        try {
          await box.put(place, { body, owner, expires })
          boxes.push(box)
        } catch (error) {
          if (!hasCode(error, 'space-sync.mailbox')) throw error
          if (error.fields['status'] !== 0) word = error
        }
      }
      if (boxes.length === 0) throw word ?? new CairnError('spaces.offline')
      const over = new AbortController()
      const ended = watch({ it, link, offer, owner, boxes, over }).catch(() => {})
      live.set(space, { over, ended })
      return { url: formatDeviceLink(app, link), expiresAt: expires }
    },
    close() {
      for (const { over } of live.values()) over.abort()
    },
  }
}

const NOTE = { did: undefined, kind: 'space.device-added', level: 'good' } as const

function unlessMailbox(error: unknown): void {
  if (!hasCode(error, 'space-sync.mailbox')) throw error
}
