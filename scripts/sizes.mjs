/**
 * The size gate: gzip bytes of what each entry of the build loads before it can work (its file and all
 * that it imports statically), against the limits in sizes.json. Ends with 1 when one is over.
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parseSync } from 'vite'
import { fail, root } from './lib/run.mjs'

const dist = join(root, 'dist')
if (!existsSync(join(dist, 'index.html'))) fail('There is no build in dist/. Run: npm run build')

/** @type {Record<string, { entry: string, limit: number, why: string }>} */
const budgets = JSON.parse(readFileSync(join(root, 'sizes.json'), 'utf8'))

const read = (/** @type {string} */ file) => readFileSync(join(dist, file), 'utf8')

/**
 * Adds a file and what it imports statically.
 * @param {string} file
 * @param {Set<string>} seen
 */
function follow(file, seen) {
  if (seen.has(file)) return
  seen.add(file)
  if (!file.endsWith('.js')) return
  for (const { moduleRequest } of parseSync(file, read(file)).module.staticImports) {
    follow(posix.join(dirname(file), moduleRequest.value), seen)
  }
}

/**
 * @param {string} entry
 * @returns {Set<string>}
 */
function filesOf(entry) {
  /** @type {Set<string>} */
  const seen = new Set()
  if (entry.endsWith('.html')) {
    const scripts = read(entry).matchAll(
      /<script[^>]* src="\/([^"]+)"|<link rel="modulepreload"[^>]* href="\/([^"]+)"/g,
    )
    for (const [, script, preload] of scripts) follow(script ?? preload ?? '', seen)
  } else {
    for (const file of globSync(entry, { cwd: dist })) follow(file.replaceAll('\\', '/'), seen)
  }
  return seen
}

let over = 0
for (const [name, { entry, limit, why }] of Object.entries(budgets)) {
  const files = [...filesOf(entry)]
  const bytes = files.reduce(
    (sum, file) => sum + gzipSync(readFileSync(join(dist, file)), { level: 9 }).length,
    0,
  )
  const good = files.length > 0 && bytes <= limit
  if (!good) over++
  const state = files.length === 0 ? 'MISSING' : good ? 'ok' : 'TOO LARGE'
  const kilobytes = (/** @type {number} */ n) => (n / 1000).toFixed(1).padStart(6)
  console.log(
    `${name.padEnd(15)} ${kilobytes(bytes)} of ${kilobytes(limit)} kB gzip  ${state.padEnd(9)}  ${why}`,
  )
}
if (over > 0) fail(`${over} of the entries above are over their limit or missing.`)
