/**
 * `npm start`: from a fresh clone to a running app. Needs Node 18 or later and npm, nothing else: it
 * installs what running needs, builds when the sources have changed, and starts the node on the pinned
 * Node. Standard output is one line, the URL.
 */
import { join } from 'node:path'
import { ensureBuilt } from './lib/build.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { nodeBinary, root, run } from './lib/run.mjs'

await ensureInstalled()
await ensureBuilt()
stopWithNpm()
process.exit(await run(nodeBinary(), [join(root, 'src', 'relay', 'main.ts'), ...process.argv.slice(2)]))

/**
 * npm passes a signal on to the shell between it and this script, and many shells end without passing it
 * further. So a parent that has gone means: stop.
 */
function stopWithNpm() {
  if (process.env['npm_lifecycle_event'] === undefined) return
  const parent = process.ppid
  setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGTERM'), 500).unref()
}
