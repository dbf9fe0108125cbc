import { randomBytes } from '../crypto.ts'
import { createAllowance } from './allowance.ts'
import { createEpochKeys } from './epoch-keys.ts'
import { PresenceError } from './errors.ts'
import { createHearing } from './hearing.ts'
import type { PresenceOptions, SpacePresence } from './model.ts'
import { createRoom } from './room.ts'
import { sealWord } from './seal.ts'
import { createSessions } from './sessions.ts'
import { type Here, isHere, MAX_TEXT_BYTES, sameHere, SESSION_BYTES, type WordBody } from './word.ts'

/** How often who is here says so. */
export const BEAT_MS = 2000
/** The least between two words of where one is: a cursor moves more often than anyone can see. */
const PAUSE_MS = 80
/** So long where one is waits behind text: sealing and sending it must not be in the text's own way. */
const AFTER_TEXT_MS = 24

/**
 * Who is here in one space. It has no transport: what it says goes through `send`, what others say comes through
 * `receive`. Words are dealt with one after another, in the order in which they came.
 */
export function createPresence(options: PresenceOptions): SpacePresence {
  const { space, signer, epochs, roleOf, send, timers, clock, random } = options
  const session = randomBytes(random, SESSION_BYTES)
  const keys = createEpochKeys(epochs)
  const sessions = createSessions(session, clock)
  const room = createRoom({ timers, roleOf, onChange: options.onChange })
  let here: Here | undefined
  let count = 0
  let saidAt = Number.NEGATIVE_INFINITY
  let textAt = Number.NEGATIVE_INFINITY
  let cancelBeat = (): void => undefined
  let closed = false
  let saying: Promise<unknown> = Promise.resolve()

  const refused = (error: unknown, from: string | undefined): void => {
    const known =
      error instanceof PresenceError ? error : new PresenceError('presence.failed', {}, { cause: error })
    options.onRefused?.({ code: known.code, from, fields: known.fields })
  }

  /** Seals and sends after what was said before. False when it could not be. */
  function say(bodyOf: () => WordBody | undefined): Promise<boolean> {
    const said = saying.then(async () => {
      try {
        const body = bodyOf()
        const key = body === undefined ? undefined : await keys.newest()
        if (body === undefined || key === undefined) return false
        count += 1
        const word = { space, device: signer.id, session, count, at: clock.now(), body }
        send(await sealWord(word, key, signer, random))
        return true
      } catch (error) {
        refused(error, undefined)
        return false
      }
    })
    saying = said
    return said
  }

  const hereBody = (): WordBody | undefined =>
    here === undefined ? undefined : { kind: 'here', ...here, heard: sessions.heard() }

  function beat(after: number): void {
    cancelBeat()
    cancelBeat = timers.after(after, () => {
      saidAt = clock.now()
      // It never rejects.
      void say(hereBody)
      beat(BEAT_MS)
    })
  }

  /** Says where we are as soon as it may be said again. */
  const sayHere = (): void => {
    const due = Math.max(saidAt + PAUSE_MS, textAt + AFTER_TEXT_MS)
    beat(Math.min(PAUSE_MS, Math.max(0, due - clock.now())))
  }

  const hearing = createHearing({
    space,
    own: signer.id,
    keys,
    sessions,
    roleOf,
    allow: createAllowance(clock),
    onStale: () => {
      if (here !== undefined && clock.now() >= saidAt + BEAT_MS / 4) sayHere()
    },
    onWord(word) {
      const { body, device } = word
      if (body.kind === 'text') options.onText({ device, note: body.note, update: body.update })
      else room.put(device, body.kind === 'here' ? body : undefined)
    },
    onRefused: refused,
  })

  function leave(): void {
    cancelBeat()
    // It never rejects.
    if (here !== undefined) void say(() => ({ kind: 'gone' }))
    here = undefined
  }

  return {
    set(next) {
      if (closed) return
      if (next === undefined) {
        leave()
        return
      }
      if (!isHere(next)) throw new PresenceError('presence.malformed', { reason: 'here' })
      if (here !== undefined && sameHere(here, next)) return
      // Whoever comes is told of at once.
      if (here === undefined) textAt = Number.NEGATIVE_INFINITY
      here = { ...next }
      sayHere()
    },
    async text(note, update) {
      const mayWrite = ['writer', 'admin'].includes(roleOf(signer.id))
      if (closed || !mayWrite || update.length > MAX_TEXT_BYTES) return false
      const own = new Uint8Array(update)
      textAt = clock.now()
      return say(() => ({ kind: 'text', note, update: own }))
    },
    async receive(payload, from) {
      if (!closed) await hearing.hear(payload, from)
    },
    list: () => room.list(),
    async close() {
      if (closed) return
      leave()
      closed = true
      hearing.close()
      room.close()
      await saying
    },
  }
}
