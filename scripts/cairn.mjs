/** `npm run -s cairn -- …`: the command line, on the pinned Node; standard output is the command's own. */
import { join } from 'node:path'
import { ensureBuilt } from './lib/build.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { nodeBinary, root, run } from './lib/run.mjs'

await ensureInstalled()
const args = process.argv.slice(2)
if (args[0] === 'serve' && !args.includes('--no-app') && !args.includes('--help')) await ensureBuilt()
const cwd = process.env['INIT_CWD'] ?? process.cwd()
process.exit(await run(nodeBinary(), [join(root, 'src', 'relay', 'cli.ts'), ...args], { cwd }))
