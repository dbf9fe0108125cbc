import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { findChromium } from './chromium.mjs'
import { fail, run } from './run.mjs'

/** True on Debian and what is made from it, as root: where installing a package takes no question. */
function mayInstall() {
  if (process.getuid?.() !== 0 || !existsSync('/etc/os-release')) return false
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'))
}

/** A browser that starts. Ubuntu has a file of that name that only says where the browser would be. */
function workingChromium() {
  const found = findChromium()
  if (found === undefined) return undefined
  // On Windows the program answers in a window and not here.
  if (process.platform === 'win32') return found
  return spawnSync(found, ['--version'], { timeout: 30_000 }).status === 0 ? found : undefined
}

/**
 * The browser for tests. Installs Debian's `chromium` when there is none and this user may; else says
 * what to do and ends.
 * @returns {Promise<string>}
 */
export async function requireChromium() {
  const found = workingChromium()
  if (found !== undefined) return found
  if (mayInstall()) {
    console.error('Installing chromium…')
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    await run('apt-get', ['update', '-qq'], { env, stdout: 'stderr' })
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
      env,
      stdout: 'stderr',
    })
    const installed = workingChromium()
    if (installed !== undefined) return installed
  }
  return fail(
    'The tests need Chromium or Google Chrome, and none was found. Install one (Debian: apt install chromium; ' +
      'macOS: brew install --cask chromium), or set CHROMIUM to the path of its program.',
  )
}
