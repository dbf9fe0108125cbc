import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail, root, run } from './run.mjs'

/**
 * @typedef {{ version?: string, integrity?: string, dev?: boolean, optional?: boolean, devOptional?: boolean, peer?: boolean, link?: boolean }} LockedPackage
 */

/**
 * @param {string} file
 * @returns {Record<string, LockedPackage> | undefined}
 */
function readLock(file) {
  if (!existsSync(file)) return undefined
  return JSON.parse(readFileSync(file, 'utf8')).packages
}

/**
 * True when every package that `package-lock.json` asks for is installed in exactly that version. npm
 * writes what it installed into `node_modules/.package-lock.json` when it has finished, so a broken or an
 * older install shows, and development packages that are there already never count as too much.
 * @param {string} dir
 * @param {boolean} dev with the packages that only tests and checks need
 */
function installed(dir, dev) {
  const wanted = readLock(join(dir, 'package-lock.json'))
  const present = readLock(join(dir, 'node_modules', '.package-lock.json'))
  if (wanted === undefined || present === undefined) return false
  return Object.entries(wanted).every(([path, item]) => {
    // The project itself, and packages for other systems, which npm leaves out.
    if (path === '' || item.optional || item.devOptional) return true
    if (item.dev && !dev) return true
    const found = present[path]
    return found !== undefined && found.version === item.version && found.integrity === item.integrity
  })
}

/**
 * Installs the packages of a folder when they are missing or not those of its lock file.
 * @param {{ dir?: string, dev?: boolean }} [options] `dev`: also what only tests and checks need
 */
export async function ensureInstalled({ dir = root, dev = false } = {}) {
  if (installed(dir, dev)) return
  // With development packages already there, bring those up to date too instead of removing them.
  const all = dev || existsSync(join(dir, 'node_modules', 'vitest'))
  console.error(
    dir === root ? 'Installing packages…' : `Installing packages of ${dir.slice(root.length + 1)}…`,
  )
  // `install --no-save` takes the versions of the lock file and leaves that file alone. `npm ci` would refuse
  // a lock file that does not name the binaries of every other system, which not every registry has.
  const args = [
    'install',
    '--no-save',
    all ? '--include=dev' : '--omit=dev',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]
  const code = await run('npm', args, { cwd: dir, stdout: 'stderr' })
  if (code !== 0) fail('Installing failed; npm says why above. Is this machine online?')
}
