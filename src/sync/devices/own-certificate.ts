import type { Clock } from '../../core/clock.ts'
import { issueCertificate } from '../../net/identity/certificate.ts'
import type { DeviceKey } from '../../net/identity/device-key.ts'

/** How long a certificate holds, ms: a friend who is away for some days still knows the device for one. */
export const LIFE = 7 * 24 * 60 * 60 * 1000
/** It holds from the day before on, so that clocks may differ. */
const BACKDATED = 24 * 60 * 60 * 1000

/** The certificate of a peer id of this device, made anew at half its life. */
export function createOwnCertificate(
  key: DeviceKey,
  peer: string,
  clock: Clock,
): { current(): Promise<Uint8Array> } {
  let made: { readonly at: number; readonly bytes: Promise<Uint8Array> } | undefined
  return {
    current() {
      const now = clock.now()
      // A clock that was set back makes a new one too.
      if (made === undefined || Math.abs(now - made.at) > LIFE / 2)
        made = {
          at: now,
          bytes: issueCertificate(key, { peer, now: now - BACKDATED, lifeMs: LIFE + BACKDATED }),
        }
      return made.bytes
    },
  }
}
