import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail, nodeBinary, root, run } from './run.mjs'

const stampFile = join(root, 'dist', '.sources')

/** All that a build is made from. */
const inputs = ['index.html', 'vite.config.ts', 'package-lock.json', 'public', 'src']

/**
 * @param {string} path
 * @returns {Generator<string>} files under it, in one order everywhere
 */
function* filesUnder(path) {
  const full = join(root, path)
  if (!existsSync(full)) return
  if (path.includes('.')) {
    yield path
    return
  }
  for (const entry of readdirSync(full, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inner = `${path}/${entry.name}`
    if (entry.isDirectory()) yield* filesUnder(inner)
    else if (!/\.test\.tsx?$/.test(entry.name)) yield inner
  }
}

function hashSources() {
  const hash = createHash('sha256')
  for (const input of inputs) {
    for (const file of filesUnder(input)) {
      hash.update(`${file}\0`)
      hash.update(readFileSync(join(root, file)))
    }
  }
  return hash.digest('hex')
}

/**
 * Builds the app into dist/.
 * @returns {Promise<boolean>} whether it worked
 */
export async function build() {
  const sources = hashSources()
  // A build that breaks off may leave some of its files behind.
  rmSync(stampFile, { force: true })
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const code = await run(nodeBinary(), [vite, 'build'], { stdout: 'held' })
  if (code !== 0) return false
  writeFileSync(stampFile, sources)
  return true
}

/** Builds the app unless dist/ was built from just these sources. */
export async function ensureBuilt() {
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === hashSources()) return
  console.error('Building the app…')
  if (!(await build())) fail('The build failed; see above.')
}
