import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { CACHE } from './data.ts'

const PAGES = join(import.meta.dirname, '..', 'pages')

/** Bundles the pages from the product's source into an ignored folder. Returns that folder. */
export async function bundlePages(): Promise<string> {
  const outdir = join(CACHE, 'dist')
  const entries = readdirSync(PAGES).filter((name) => name === 'main.ts' || name === 'worker.ts')
  await build({
    entryPoints: entries.map((name) => join(PAGES, name)),
    outdir,
    bundle: true,
    format: 'esm',
    splitting: true,
    platform: 'browser',
    target: 'es2024',
    minify: true,
    // what the product's own build defines
    define: { 'import.meta.env.DEV': 'false', 'import.meta.env.PROD': 'true' },
    logLevel: 'warning',
  })
  writeFileSync(
    join(outdir, 'index.html'),
    '<!doctype html><meta charset="utf-8"><title>Bench</title><script type="module" src="/main.js"></script>',
  )
  return outdir
}
