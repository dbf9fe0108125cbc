/** `npm run screens`: pictures of every screen, light, dark and narrow, into the ignored folder screens/. */
import { join } from 'node:path'
import { ensureBuilt } from './lib/build.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { requireChromium } from './lib/browser.mjs'
import { nodeBinary, root, run } from './lib/run.mjs'

await ensureInstalled({ dev: true })
await ensureInstalled({ dir: join(root, 'e2e'), dev: true })
const CHROMIUM = await requireChromium()
await ensureBuilt()
const cli = join(root, 'node_modules', '@playwright', 'test', 'cli.js')
const args = [cli, 'test', '--project=screens', '--reporter=list', ...process.argv.slice(2)]
process.exit(await run(nodeBinary(), args, { env: { CHROMIUM } }))
