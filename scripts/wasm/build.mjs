// Compiles blocks.ts into src/core/blocks-wasm.ts. Only whoever changes the source runs it, with
// `node scripts/wasm/build.mjs`: the compiler weighs 100 MB and is fetched into a temporary folder.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const target = join(here, '..', '..', 'src', 'core', 'blocks-wasm.ts')
const folder = mkdtempSync(join(tmpdir(), 'cairn-wasm-'))
try {
  execFileSync('npm', ['install', '--prefix', folder, 'assemblyscript@0.28.20'], { stdio: 'inherit' })
  const out = join(folder, 'blocks.wasm')
  const flags = ['-O3', '--converge', '--runtime', 'stub', '--noAssert', '--enable', 'simd']
  const memory = ['--initialMemory', '8', '--memoryBase', '4096']
  const compiler = join(folder, 'node_modules', '.bin', 'asc')
  execFileSync(compiler, [join(here, 'blocks.ts'), ...flags, ...memory, '--outFile', out], {
    stdio: 'inherit',
  })
  const lines =
    readFileSync(out)
      .toString('base64')
      .match(/.{1,100}/g) ?? []
  const text = [
    '/** Compiled from scripts/wasm/blocks.ts by scripts/wasm/build.mjs. Base64 of a WebAssembly module. */',
    'export const BLOCKS_WASM =',
    lines.map((line, i) => `  ${i === 0 ? '' : '  '}'${line}'`).join(' +\n'),
    '',
  ].join('\n')
  writeFileSync(target, text)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
