/** Where a server's page sends the person back to; what it says stands behind the `#`, which reaches no server. */
export const CALLBACK_PATH = '/oauth/callback'
/**
 * The same for an app that was opened as `localhost`. Servers redirect to loopback addresses and not to that name,
 * and what the browser keeps for one it does not show the other: this page hands the answer on to `localhost`.
 */
export const LOCALHOST_CALLBACK_PATH = `${CALLBACK_PATH}/localhost`
/** Where {@link LOCALHOST_CALLBACK_PATH} hands its answer on to; undefined at any other address. */
export function handedOn(href: string): string | undefined {
  const url = new URL(href)
  if (url.pathname !== LOCALHOST_CALLBACK_PATH || url.hostname !== '127.0.0.1') return undefined
  url.hostname = 'localhost'
  url.pathname = CALLBACK_PATH
  url.search = ''
  return url.href
}
