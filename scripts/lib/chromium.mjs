import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Names under which systems put Chromium or Chrome on the PATH, the free one first. */
const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome']

/** Where they are when not on the PATH. */
const places = [
  '/usr/bin/chromium',
  '/snap/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
]

/**
 * The path of a Chromium or Chrome on this machine: `CHROMIUM` when set, else the first one found.
 * @returns {string | undefined}
 */
export function findChromium() {
  const asked = process.env['CHROMIUM']
  if (asked) return existsSync(asked) ? asked : undefined
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((dir) => dir !== '')
    .flatMap((dir) => names.map((name) => join(dir, name + suffix)))
  // The order of `names` counts for more than the order of the PATH.
  for (const name of names) {
    const found = onPath.find((path) => path.endsWith(join('/', name + suffix)) && existsSync(path))
    if (found !== undefined) return found
  }
  return places.find((path) => existsSync(path))
}

/**
 * Flags for tests: quiet, without the network traffic of a person's browser, and with plain WebRTC
 * addresses (mDNS names make connections between headless pages fail now and then).
 */
export const chromiumArgs = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
]
