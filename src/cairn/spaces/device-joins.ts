import * as v from 'valibot'
import { CairnError, hasCode } from '../../core/errors.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { SpacesError } from '../../spaces/errors.ts'
import { sealDeviceAnswer } from '../../spaces/links/device-answer.ts'
import { type DeviceGrant, openDeviceGrant } from '../../spaces/links/device-grant.ts'
import { parseDeviceLink } from '../../spaces/links/device-link.ts'
import { type DeviceOffer, openDeviceOffer } from '../../spaces/links/device-offer.ts'
import { answerPlace, type DeviceLink, grantPlace, offerPlace } from '../../spaces/links/device-place.ts'
import { bytesOf, readMap, time } from '../../spaces/maps.ts'
import { takeUpGrant } from '../../spaces/vault/device-grant.ts'
import { takeUpOffer } from '../../spaces/vault/device-offer.ts'
import { takeBack } from '../../spaces/vault/newcomer.ts'
import type { Mailbox } from '../../sync/spaces/mailbox.ts'
import type { SpaceSummary } from '../space-model.ts'
import { heldWithin, pause } from './arrival.ts'
import { forgetSpace } from './forget.ts'
import { mailboxes } from './link-mail.ts'
import { quietly } from './parts.ts'
import type { OpenSpaces } from './service.ts'
import { summaryOf } from './summary.ts'

/** Between two looks for what the first device gives, ms. */
const LOOK_EVERY = 1000
/** The first device answers within so long while it is on; else the space is shown as one that waits, ms. */
const ANSWER_WITHIN = 30_000
/** With everything at hand the space is open within so long, ms. */
const OPEN_WITHIN = 10_000
/** No link is answered later than so long after it was made, ms. */
const LIFE = 10 * 60_000
const MAX_NAME = 64

/** Among a space's secrets, while the first device has not given what belongs to it. */
const PENDING = 'device-join'
const MAX_PENDING = 1024
const shape = v.strictObject({ id: bytesOf(16), secret: bytesOf(32), key: bytesOf(32), expires: time })
type Pending = v.InferOutput<typeof shape>

/** What the new device does: answers, and takes what it is given. */
export function createDeviceJoins(spaces: OpenSpaces): {
  join(url: string, options: { readonly name: string }): Promise<SpaceSummary>
  settle(): Promise<void>
  close(): void
} {
  const { context, rows, use, whileClosed } = spaces
  const { host, vaults, random, net, emit } = context
  const { clock, timers } = host
  const { keys } = vaults
  const over = new AbortController()
  /** by space: what goes on until it is in, or the link is over */
  const running = new Map<string, Promise<boolean>>()

  const readOffer = async (
    url: string,
  ): Promise<{ readonly link: DeviceLink; readonly offer: DeviceOffer; readonly box: Mailbox }> => {
    const link = await parseDeviceLink(url)
    const place = await offerPlace(link)
    let word: CairnError | undefined
    for (const box of mailboxes(context).values()) {
      try {
        const body = await box.get(place, over.signal)
        word ??= new CairnError('spaces.link-unknown')
        if (body === undefined) continue
        const offer = await openDeviceOffer(link, body)
        if (offer.expires <= clock.now()) throw new CairnError('spaces.link-expired')
        return { link, offer, box }
      } catch (error) {
        // Another relay may have what this one spoilt.
        if (error instanceof SpacesError) {
          word ??= error
          continue
        }
        if (!hasCode(error, 'space-sync.mailbox')) throw error
        const { status, reason } = error.fields
        // It is taken away once it was answered, and when another is made.
        if (status === 410)
          word = new CairnError(reason === 'expired' ? 'spaces.link-expired' : 'spaces.link-used-up')
      }
    }
    throw word ?? new CairnError('spaces.offline')
  }

  /** Nothing came of it: a copy that was here before stays, as it was. */
  const drop = async (space: string): Promise<void> => {
    await whileClosed(space, async () => {
      await keys.dropSecret(space, PENDING)
      if (!(await takeBack(vaults, space))) await forgetSpace(context, space)
    })
    emit({ type: 'spaces' })
  }
  const pendingOf = async (space: string): Promise<Pending | undefined> => {
    const secret = await keys.secret(space, PENDING)
    return secret && readMap(secret, shape, 'spaces.device-malformed', MAX_PENDING)
  }
  const findGrant = async (space: string, pending: Pending): Promise<DeviceGrant | undefined> => {
    const place = await grantPlace(pending)
    const { unwrap } = await keys.device(space)
    for (const box of mailboxes(context).values()) {
      try {
        const body = await box.get(place, over.signal)
        if (body !== undefined) return await openDeviceGrant(pending, pending, body, unwrap)
      } catch (error) {
        const isTheirs = error instanceof SpacesError || hasCode(error, 'space-sync.mailbox')
        if (!isTheirs) throw error
      }
    }
    return undefined
  }
  /** True once the first device has given what belongs to it; false when the link ended before. */
  const finish = async (space: string): Promise<boolean> => {
    for (;;) {
      const pending = await pendingOf(space)
      if (pending === undefined) return true
      const grant = await findGrant(space, pending)
      if (grant !== undefined) {
        // A vault reads keys when it is opened.
        await whileClosed(space, async () => {
          await takeUpGrant(vaults, space, grant)
          await keys.dropSecret(space, PENDING)
        })
        await use(space)
        emit({ type: 'spaces' })
        return true
      }
      if (over.signal.aborted) return false
      if (clock.now() >= pending.expires) {
        const { vault } = await use(space)
        if (vault.role() === 'none') await drop(space)
        else await keys.dropSecret(space, PENDING)
        return vault.role() !== 'none'
      }
      await pause(timers, LOOK_EVERY, over.signal)
    }
  }
  const finishing = (space: string): Promise<boolean> => {
    const mine = running.get(space) ?? finish(space).finally(() => running.delete(space))
    running.set(space, mine)
    return mine
  }

  return {
    async join(url, { name }) {
      const { link, offer, box } = await readOffer(url)
      const { space, relays, key, expires } = offer
      const before = (await rows()).find((it) => it.space === space)
      if (before?.state === 'member') return summaryOf(await use(space), net())
      const { device } = await whileClosed(space, () => takeUpOffer(vaults, offer))
      const { id, card, signer } = device
      const answer = { device: id, card, name: name.slice(0, MAX_NAME), at: clock.now() }
      const body = await sealDeviceAnswer(link, offer, answer, signer, random)
      const pending: Pending = {
        ...{ id: new Uint8Array(link.id), secret: new Uint8Array(link.secret) },
        // By this clock, whatever the other says: nobody is waited for without end.
        ...{ key: new Uint8Array(key), expires: Math.min(expires, clock.now() + LIFE) },
      }
      try {
        await keys.keepSecret(space, PENDING, encodeDagCbor(pending))
        await box.put(await answerPlace(link), { body, owner: random(32), expires }, over.signal)
      } catch (error) {
        await drop(space)
        // Somebody has answered before.
        if (hasCode(error, 'space-sync.mailbox') && error.fields['status'] === 403)
          throw new CairnError('spaces.link-used-up', {}, { cause: error })
        throw error
      }
      for (const relay of relays) quietly(net()?.reach(relay) ?? Promise.resolve())
      const isGiven = await Promise.race([
        finishing(space),
        pause(timers, ANSWER_WITHIN, over.signal).then(() => undefined),
      ])
      if (isGiven === false) throw new CairnError('spaces.link-expired')
      const it = await use(space)
      emit({ type: 'spaces' })
      if (isGiven === true) await heldWithin(it, timers, OPEN_WITHIN, () => it.vault.row.state === 'member')
      return summaryOf(it, net())
    },
    async settle() {
      for (const { space } of await rows())
        if ((await keys.secret(space, PENDING)) !== undefined) quietly(finishing(space))
    },
    close: () => over.abort(),
  }
}
