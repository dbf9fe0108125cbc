/** `npm run -s cairn -- …`: the command line, on the pinned Node; standard output is the command's own. */
import { join } from 'node:path'
import { ensureInstalled } from './lib/install.mjs'
import { nodeBinary, root, run } from './lib/run.mjs'

await ensureInstalled()
const cwd = process.env['INIT_CWD'] ?? process.cwd()
process.exit(
  await run(nodeBinary(), [join(root, 'src', 'relay', 'cli.ts'), ...process.argv.slice(2)], { cwd }),
)
