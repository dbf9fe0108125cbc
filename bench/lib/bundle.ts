import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import type { System } from '../pages/member/protocol.ts'
import type { TypistSystem } from '../pages/typist/protocol.ts'

const PAGES = join(import.meta.dirname, '..', 'pages')

/** Systems that members of `propagate` run, a page each. */
const MEMBERS = ['cairn', 'yjs', 'automerge'] as const satisfies readonly System[]

/** Systems that those who type in `space-edit` run, a page each. */
const TYPISTS = ['cairn', 'yjs'] as const satisfies readonly TypistSystem[]

/** The browser edition of automerge imports its wasm as a module, which no browser does; another has it inside. */
const wasmInside: Plugin = {
  name: 'wasm-inside',
  setup(build) {
    const folder = join(import.meta.dirname, '..', 'node_modules', '@automerge', 'automerge', 'dist', 'mjs')
    build.onResolve({ filter: /^@automerge\/automerge$/ }, () => ({
      path: join(folder, 'entrypoints', 'fullfat_base64.js'),
    }))
  },
}

/** Bundles the pages from the product's source into a folder of this run. */
export async function bundlePages({ minify = true } = {}): Promise<{ readonly dir: string; remove(): void }> {
  const outdir = mkdtempSync(join(tmpdir(), 'cairn-bench-pages-'))
  await build({
    entryPoints: [
      ...['main.ts', 'worker.ts', 'replica/page.ts', 'replica/worker.ts', 'member/cairn-worker.ts'],
      ...MEMBERS.map((system) => `member/${system}.ts`),
      ...TYPISTS.map((system) => `typist/${system}.ts`),
      '../../src/worker/digest-thread.ts',
    ].map((name) => ({ in: join(PAGES, name), out: name.replace(/^.*src\/worker\/|\.ts$/g, '') })),
    plugins: [wasmInside],
    // the product has the same version; twice in one bundle it warns
    alias: { yjs: join(import.meta.dirname, '..', 'node_modules', 'yjs') },
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
  for (const system of MEMBERS) writeFileSync(join(outdir, `${system}.html`), page(`/member/${system}.js`))
  for (const system of TYPISTS)
    writeFileSync(join(outdir, `typist-${system}.html`), page(`/typist/${system}.js`))
  return { dir: outdir, remove: () => rmSync(outdir, { recursive: true, force: true }) }
}
