import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { build } from './build.mjs'
import { nodeBinary, root, run } from './run.mjs'

/**
 * @typedef {{ passed: number, failed: number, skipped: number, secondTry?: string[] }} Counts
 * @typedef {{ name: string, part: 'check' | 'unit' | 'e2e', run: () => Promise<Counts> }} Step
 */

const bin = (/** @type {string} */ path) => join(root, 'node_modules', ...path.split('/'))
const node = (/** @type {string[]} */ args, /** @type {Record<string, string>} */ env = {}) =>
  run(nodeBinary(), args, { env })
const once = (/** @type {boolean} */ good) => ({ passed: good ? 1 : 0, failed: good ? 0 : 1, skipped: 0 })

/**
 * Runs a test runner that writes its results as JSON, and counts them. A runner that fails beyond its
 * tests (an unhandled rejection, a file that does not load, no result at all) counts as one failed more.
 * @param {(file: string) => Promise<number>} start gives the exit code
 * @param {(report: any) => Counts} count
 * @returns {Promise<Counts>}
 */
async function counted(start, count) {
  const dir = mkdtempSync(join(tmpdir(), 'cairn-test-'))
  const file = join(dir, 'report.json')
  try {
    const code = await start(file)
    const counts = existsSync(file)
      ? count(JSON.parse(readFileSync(file, 'utf8')))
      : { passed: 0, failed: 0, skipped: 0 }
    if (code !== 0 && counts.failed === 0) counts.failed = 1
    if (counts.passed + counts.failed + counts.skipped === 0) counts.failed = 1
    return counts
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** @type {(name: string, part: Step['part'], args: string[]) => Step} */
const tool = (name, part, args) => ({ name, part, run: async () => once((await node(args)) === 0) })

/** More failed unit tests than this are no chance. */
const FEW = 5

/**
 * Runs a project of unit tests; where a few fail, their files once more, when nothing else runs
 * (docs/decisions/0015-a-second-try.md).
 * @type {(project: string) => Step}
 */
const unit = (project) => ({
  name: `unit tests (${project})`,
  part: 'unit',
  async run() {
    /** @type {any[]} */
    let broken = []
    const first = await unitRun(project, [], (files) => (broken = files))
    const failures = broken.flatMap(failuresOf)
    // A file that does not load, or an error beside the tests, is no failed test.
    if (failures.length === 0 || failures.length !== first.failed || failures.length > FEW) return first
    const again = broken.map(({ name }) => relative(root, name))
    console.log(`\n── once more: ${again.join(', ')}`)
    const second = await unitRun(project, again)
    if (second.failed > 0) return first
    return { ...first, passed: first.passed + first.failed, failed: 0, secondTry: failures }
  },
})

/** @type {(project: string, files: string[], onBroken?: (files: any[]) => void) => Promise<Counts>} */
const unitRun = (project, files, onBroken = () => {}) =>
  counted(
    (file) =>
      node([
        bin('vitest/vitest.mjs'),
        'run',
        `--project=${project}`,
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${file}`,
        ...files,
      ]),
    (report) => {
      onBroken(report.testResults.filter((/** @type {any} */ it) => it.status === 'failed'))
      return {
        passed: report.numPassedTests,
        // A file that cannot be loaded has no tests that could fail.
        failed: report.numFailedTests + report.testResults.filter(brokenFile).length,
        skipped: report.numPendingTests + report.numTodoTests,
      }
    },
  )

/** @param {{ status: string, assertionResults: { status: string }[] }} file */
function brokenFile(file) {
  return file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed')
}

/**
 * @param {{ name: string, assertionResults: { status: string, fullName: string }[] }} file
 * @returns {string[]}
 */
function failuresOf({ name, assertionResults }) {
  return assertionResults
    .filter(({ status }) => status === 'failed')
    .map(({ fullName }) => `${relative(root, name)} ${fullName}`)
}

/** @type {Step} */
const endToEnd = {
  name: 'end to end',
  part: 'e2e',
  run: () =>
    counted(
      (file) =>
        node(
          [bin('@playwright/test/cli.js'), 'test', '--project=e2e', '--retries=1', '--reporter=list,json'],
          {
            PLAYWRIGHT_JSON_OUTPUT_FILE: file,
          },
        ),
      ({ stats, errors, suites }) => ({
        passed: stats.expected + stats.flaky,
        failed: stats.unexpected + errors.length,
        skipped: stats.skipped,
        secondTry: secondTries(suites),
      }),
    ),
}

/**
 * Tests that failed once and then passed (docs/decisions/0015-a-second-try.md).
 * @param {any[]} suites of Playwright's report
 * @returns {string[]}
 */
function secondTries(suites) {
  return suites.flatMap(({ suites: inner = [], specs = [] }) => [
    ...secondTries(inner),
    ...specs
      .filter((/** @type {any} */ { tests }) => tests.some((/** @type {any} */ it) => it.status === 'flaky'))
      .map((/** @type {any} */ { file, line, title }) => `${file}:${line} ${title}`),
  ])
}

/** True when there are end-to-end tests to run. */
const hasEndToEnd = () => readdirSync(join(root, 'e2e')).some((name) => name.endsWith('.spec.ts'))

/**
 * Everything that a commit must pass, in the order in which it tells the most for the least time. What is in one row
 * runs side by side: each is one busy thread, and none writes what the other reads.
 * @returns {Step[][]}
 */
export function allSteps() {
  return [
    [
      tool('types', 'check', [bin('typescript/bin/tsc'), '--noEmit', '-p', '.']),
      { name: 'build', part: 'check', run: async () => once(await build()) },
    ],
    [tool('lint', 'check', [bin('oxlint/bin/oxlint'), '--deny-warnings'])],
    [
      tool('format', 'check', [bin('oxfmt/bin/oxfmt'), '--check']),
      tool('unused code', 'check', [bin('knip/bin/knip.js')]),
      tool('sizes', 'check', [join(root, 'scripts', 'sizes.mjs')]),
    ],
    [unit('node')],
    [unit('chromium')],
    ...(hasEndToEnd() ? [[endToEnd]] : []),
  ]
}
