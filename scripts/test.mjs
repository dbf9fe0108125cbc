/**
 * `npm test`: everything that a commit must pass. `npm test -- check`, `unit` or `e2e` runs a part.
 * Every step runs even when one before it failed; the last line is the sum.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { requireChromium } from './lib/browser.mjs'
import { ensureBuilt } from './lib/build.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { fail, root } from './lib/run.mjs'

const parts = process.argv.slice(2)
const unknown = parts.find((part) => !['check', 'unit', 'e2e'].includes(part))
if (unknown !== undefined) fail(`There is no part "${unknown}". The parts are: check, unit, e2e.`)
const wants = (/** @type {string} */ part) => parts.length === 0 || parts.includes(part)

await ensureInstalled({ dev: true })
const e2e = join(root, 'e2e')
if (wants('e2e') && existsSync(join(e2e, 'package.json'))) await ensureInstalled({ dir: e2e, dev: true })
if (wants('unit') || wants('e2e')) process.env['CHROMIUM'] = await requireChromium()
if (wants('e2e') && !wants('check')) await ensureBuilt()

// Loaded only now: the steps need what was just installed.
const { allSteps } = await import('./lib/steps.mjs')

const sum = { passed: 0, failed: 0, skipped: 0 }
/** @type {string[]} */
const lines = []
for (const row of allSteps()) {
  const wanted = row.filter(({ part }) => wants(part))
  if (wanted.length > 0) console.log(`\n── ${wanted.map(({ name }) => name).join(', ')}`)
  await Promise.all(wanted.map(take))
}

/** @param {import('./lib/steps.mjs').Step} step */
async function take(step) {
  const started = Date.now()
  const { passed, failed, skipped, secondTry = [] } = await step.run()
  sum.passed += passed
  sum.failed += failed
  sum.skipped += skipped
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  lines.push(
    `${failed === 0 ? 'ok    ' : 'FAILED'} ${step.name.padEnd(22)} ${text({ passed, failed, skipped })}, ${seconds} s`,
    ...secondTry.map((test) => `       only at the second try: ${test}`),
  )
}

/** @param {{ passed: number, failed: number, skipped: number }} counts */
function text({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`
}

console.log(`\n${lines.join('\n')}\n`)
console.log(text(sum))
process.exit(sum.failed === 0 ? 0 : 1)
