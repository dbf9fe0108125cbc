import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

const PAGES = join(import.meta.dirname, '..', 'pages')

/** Bundles the pages from the product's source into a folder of this run. */
export async function bundlePages(): Promise<{ readonly dir: string; remove(): void }> {
  const outdir = mkdtempSync(join(tmpdir(), 'cairn-bench-pages-'))
  await build({
    entryPoints: ['main.ts', 'worker.ts'].map((name) => join(PAGES, name)),
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
  return { dir: outdir, remove: () => rmSync(outdir, { recursive: true, force: true }) }
}
