/** `npm run bench -- NAME [--json]`: installs the rivals of bench/ when missing, and runs bench/run.ts. */
import { join } from 'node:path'
import { findChromium } from './lib/chromium.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { nodeBinary, root, run } from './lib/run.mjs'

const dir = join(root, 'bench')
await ensureInstalled({ dev: true })
await ensureInstalled({ dir, dev: true })
const chromium = findChromium()
const env = chromium === undefined ? {} : { CHROMIUM: chromium }
process.exit(await run(nodeBinary(), [join(dir, 'run.ts'), ...process.argv.slice(2)], { env }))
