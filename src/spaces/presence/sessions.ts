import { toHex } from '../../core/bytes.ts'
import type { Clock } from '../../core/clock.ts'
import { PresenceError } from './errors.ts'
import { MAX_HEARD, type Word } from './word.ts'

/** How far from our clock a word's time may be without more proof that it is of now. */
const FRESH_MS = 60_000
/** From here on we tell a session that we hear it: well before its clock and ours are too far apart. */
const APART_MS = 30_000
/** Devices that are remembered: as many as an epoch is made for. */
const MAX_DEVICES = 1024
/** Sessions of one device that are remembered: more than it begins in one run of ours. */
const MAX_SESSIONS = 64

interface Session {
  readonly count: number
  /** it has said that it heard ours: so it is no recording from before */
  readonly heardUs: boolean
}

interface Known {
  readonly sessions: Map<string, Session>
  /** the latest time in a word of this device, of those near to our clock */
  at: number
  /** its session, while our clocks are apart */
  apart: Uint8Array | undefined
}

/**
 * Tells what is said now from what is said again. Within a session the count only rises. A word from before we
 * listened is known by its time; where clocks are apart, by whether its session has heard ours, which nobody knew
 * before it began. What was withheld from us and is handed on later, in order, cannot be told from what is slow.
 */
export interface Sessions {
  /** Takes in a word whose signature holds. Throws PresenceError `presence.replayed`, `presence.stale`. */
  accept(word: Word): void
  /** sessions to be told that we hear them, at most `MAX_HEARD`, the last heard last */
  heard(): readonly Uint8Array[]
}

export function createSessions(own: Uint8Array, clock: Clock): Sessions {
  const ownName = toHex(own)
  /** last heard last */
  const devices = new Map<string, Known>()

  return {
    accept({ device, session, at, count, body }) {
      const known = devices.get(device) ?? { sessions: new Map<string, Session>(), at: 0, apart: undefined }
      const name = toHex(session)
      const before = known.sessions.get(name)
      if (before !== undefined && count <= before.count)
        throw new PresenceError('presence.replayed', { device })
      touch(devices, device, known, MAX_DEVICES)

      const distance = Math.abs(at - clock.now())
      known.apart = distance > APART_MS ? session : undefined
      const heardUs =
        before?.heardUs === true || (body.kind === 'here' && body.heard.some((it) => toHex(it) === ownName))
      // A session that is new here began after all that its device said before.
      const isOfNow = distance <= FRESH_MS && (before !== undefined || at > known.at)
      if (!heardUs && !isOfNow) throw new PresenceError('presence.stale', { device, at })
      touch(known.sessions, name, { count, heardUs }, MAX_SESSIONS)
      if (distance <= FRESH_MS) known.at = Math.max(known.at, at)
    },
    heard: () => [...devices.values()].flatMap((it) => it.apart ?? []).slice(-MAX_HEARD),
  }
}

/** Puts it last; the first goes when there are too many. */
function touch<T>(map: Map<string, T>, name: string, value: T, most: number): void {
  map.delete(name)
  map.set(name, value)
  const [first] = map.keys()
  if (map.size > most && first !== undefined) map.delete(first)
}
