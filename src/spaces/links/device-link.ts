import { equalBytes } from '../../core/bytes.ts'
import { SpacesError } from '../errors.ts'
import { afterRoute, checkApp, pairFrom, pairText } from './address.ts'
import { type DeviceLink, deviceLinkId } from './device-place.ts'

const ROUTE = '#/device/'
const MAX_LINK = 2048

/** `https://{app}/#/device/{id}.{secret}`. Throws `spaces.invalid` for no address of an app. */
export function formatDeviceLink(app: string, link: DeviceLink): string {
  checkApp(app)
  return `${app}${ROUTE}${pairText(link)}`
}

/**
 * The link in an address, in its part from `#` on, or in what follows `#/device/`.
 *
 * @throws SpacesError `spaces.link-malformed`, `spaces.link-damaged` (some character is another)
 */
export async function parseDeviceLink(text: string): Promise<DeviceLink> {
  const link = pairFrom(afterRoute(text, ROUTE, MAX_LINK))
  if (link === undefined) throw new SpacesError('spaces.link-malformed', { reason: 'form' })
  if (!equalBytes(link.id, await deviceLinkId(link.secret))) throw new SpacesError('spaces.link-damaged')
  return link
}
