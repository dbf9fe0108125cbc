import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

const PAGES = join(import.meta.dirname, '..', 'pages')

/** Bundles the pages from the product's source into a folder of this run. */
export async function bundlePages({ minify = true } = {}): Promise<{ readonly dir: string; remove(): void }> {
  const outdir = mkdtempSync(join(tmpdir(), 'cairn-bench-pages-'))
  await build({
    entryPoints: ['main.ts', 'worker.ts', 'replica/page.ts', 'replica/worker.ts'].map((name) =>
      join(PAGES, name),
    ),
    outdir,
    bundle: true,
    format: 'esm',
    splitting: true,
    platform: 'browser',
    target: 'es2024',
    minify,
    // what the product's own build defines
    define: { 'import.meta.env.DEV': 'false', 'import.meta.env.PROD': 'true' },
    logLevel: 'warning',
  })
  const page = (script: string): string =>
    `<!doctype html><meta charset="utf-8"><title>Bench</title><script type="module" src="${script}"></script>`
  writeFileSync(join(outdir, 'index.html'), page('/main.js'))
  writeFileSync(join(outdir, 'replica.html'), page('/replica/page.js'))
  return { dir: outdir, remove: () => rmSync(outdir, { recursive: true, force: true }) }
}
