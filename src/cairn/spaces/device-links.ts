import type { Spaces } from '../spaces-api.ts'
import { createDeviceOffers } from './device-offers.ts'
import { createDeviceJoins } from './device-joins.ts'
import type { OpenSpaces } from './service.ts'

type DeviceApi = Pick<Spaces, 'deviceLink' | 'joinDevice'>

/** Another device of the same person, by a link that the first one shows: docs/spaces.md. */
export function deviceLinkActions(spaces: OpenSpaces): {
  readonly api: DeviceApi
  /** Goes on with what a stop cut off. */
  settle(): Promise<void>
  close(): void
} {
  const offers = createDeviceOffers(spaces)
  const joins = createDeviceJoins(spaces)
  return {
    api: {
      deviceLink: (space) => offers.offer(space),
      joinDevice: (url, options) => joins.join(url, options),
    },
    settle: () => joins.settle(),
    close() {
      offers.close()
      joins.close()
    },
  }
}
