import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { benchBootstrap } from './bootstrap.ts'
import { benchCatchup } from './catchup.ts'
import { benchImport } from './import.ts'
import { bundlePages } from './lib/bundle.ts'
import type { BenchContext } from './lib/context.ts'
import { CACHE } from './lib/data.ts'
import { serve } from './lib/serve.ts'
import { type BenchRow, formatRows } from './lib/table.ts'
import { benchOpen } from './open.ts'
import { benchPropagate } from './propagate.ts'
import { benchRelayScale } from './relay-scale.ts'
import { benchReplicate } from './replicate.ts'
import { benchSearch } from './search.ts'
import { benchSpaceEdit } from './space-edit.ts'
import { benchSpaceMerge } from './space-merge.ts'
import { benchSpaceOpen } from './space-open.ts'
import { benchUpdate } from './update.ts'

const BENCHES: Readonly<Record<string, (context: BenchContext) => Promise<BenchRow[]>>> = {
  import: benchImport,
  open: benchOpen,
  update: benchUpdate,
  search: benchSearch,
  replicate: benchReplicate,
  catchup: benchCatchup,
  propagate: benchPropagate,
  bootstrap: benchBootstrap,
  'relay-scale': benchRelayScale,
  'space-open': benchSpaceOpen,
  'space-edit': benchSpaceEdit,
  'space-merge': benchSpaceMerge,
}

const USAGE = `usage: npm run bench -- NAME [--json] [--runs N] [--sizes 10000,100000] [--orders revision,shuffled]
                        [--changes 1,100] [--no-ours] [--no-rivals] [--profile]
NAME: ${Object.keys(BENCHES).join(', ')}, all`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    json: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    sizes: { type: 'string' },
    orders: { type: 'string' },
    changes: { type: 'string' },
    ours: { type: 'boolean', default: true },
    rivals: { type: 'boolean', default: true },
    profile: { type: 'boolean', default: false },
  },
})
const [name = ''] = positionals
const chosen = name === 'all' ? Object.values(BENCHES) : [BENCHES[name]]
const runs = Number(values.runs)
if (chosen.includes(undefined) || !Number.isInteger(runs) || runs < 1) {
  console.error(USAGE)
  process.exit(2)
}

const pages = await bundlePages({ minify: !values.profile })
const served = await serve(pages.dir, CACHE)
try {
  const context: BenchContext = {
    origin: served.origin,
    runs,
    ours: values.ours,
    rivals: values.rivals,
    profile: values.profile,
    ...(values.sizes === undefined ? {} : { sizes: values.sizes.split(',').map(Number) }),
    ...(values.changes === undefined ? {} : { changes: values.changes.split(',').map(Number) }),
    // names that no bench knows select nothing
    ...(values.orders === undefined ? {} : { orders: values.orders.split(',') }),
    log: (line) => console.error(`· ${line}`),
  }
  const [load = 0] = loadavg()
  if (load > 1) {
    context.log(
      `busy machine: a load of ${load.toFixed(1)} on ${availableParallelism()} cores; trust no absolute time`,
    )
  }
  const rows: BenchRow[] = []
  for (const bench of chosen) rows.push(...((await bench?.(context)) ?? []))
  console.log(values.json ? JSON.stringify(rows, null, 2) : formatRows(rows))
  process.exitCode = rows.some((row) => row.met === false) ? 1 : 0
} finally {
  await served.close()
  pages.remove()
}
