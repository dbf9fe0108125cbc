import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '')

const windows = process.platform === 'win32'

/** The version of Node that everything but these scripts needs. */
const neededMajor = 24

/** The PATH with the project's own tools first, so that `node` is the pinned one. */
const toolPath = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}`

/** Where Node keeps what it has compiled: a relay starts in two thirds of the time when it did before. */
const compileCache = join(root, 'node_modules', '.cache', 'compiled')

/**
 * The pinned Node that came with the install, or the one running now when that is new enough.
 * @returns {string}
 */
export function nodeBinary() {
  const pinned = join(root, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node')
  if (existsSync(pinned)) return pinned
  if (Number(process.versions.node.split('.')[0]) >= neededMajor) return process.execPath
  return fail(
    `Cairn runs on Node ${neededMajor}, which the install brings along, but its install script did not run ` +
      `(is ignore-scripts set for npm?). Install Node ${neededMajor} yourself, or allow that script.`,
  )
}

/**
 * Ends this process with a sentence.
 * @param {string} sentence
 * @returns {never}
 */
export function fail(sentence) {
  console.error(sentence)
  process.exit(1)
}

/**
 * Runs a program to its end and gives its exit code (128 and up when a signal ended it).
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, stdout?: 'inherit' | 'stderr' | 'held' }} [options]
 *   `stdout: 'stderr'` keeps standard output clean for what the person asked for; `held` shows what the
 *   program says only when it fails, on standard error
 * @returns {Promise<number>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const held = options.stdout === 'held' ? 'pipe' : undefined
    /** @type {Buffer[]} */
    const said = []
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { NODE_COMPILE_CACHE: compileCache, ...process.env, PATH: toolPath, ...options.env },
      stdio: ['inherit', held ?? (options.stdout === 'stderr' ? 2 : 1), held ?? 2],
      // npm is a .cmd file on Windows, which only a shell can start.
      shell: windows && command === 'npm',
    })
    child.stdout?.on('data', (part) => said.push(part))
    child.stderr?.on('data', (part) => said.push(part))
    const forward = (/** @type {NodeJS.Signals} */ signal) => void child.kill(signal)
    process.on('SIGINT', forward)
    process.on('SIGTERM', forward)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      process.off('SIGINT', forward)
      process.off('SIGTERM', forward)
      if (code !== 0) process.stderr.write(Buffer.concat(said))
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143))
    })
  })
}
