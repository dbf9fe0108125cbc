import { fromBase64Pad } from '@atcute/multibase'
import { BLOCKS_WASM } from './blocks-wasm.ts'

/** The exports of scripts/wasm/blocks.ts, which says what each does. */
export interface BlocksModule {
  readonly memory: WebAssembly.Memory
  check(table: number, count: number): number
  fill(table: number, count: number): void
  heads(table: number, count: number): void
  records(table: number, count: number): void
  weave(table: number, count: number, texts: number, out: number): number
}

/** Where tables may lie: past the module's own 4 KB of working memory and data. */
export const TABLE_AT = 8192
const WASM_PAGE = 65_536

/** Undefined where WebAssembly has no SIMD, or may not run. */
export async function loadBlocks(): Promise<BlocksModule | undefined> {
  try {
    const { instance } = await WebAssembly.instantiate(fromBase64Pad(BLOCKS_WASM), {})
    // The module's exports, as its source names them.
    return instance.exports as unknown as BlocksModule
  } catch {
    return undefined
  }
}

/** The memory, which has so many bytes then; a view that is good until more are reserved. */
export function reserve(memory: WebAssembly.Memory, bytes: number): Uint8Array<ArrayBuffer> {
  const missing = bytes - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / WASM_PAGE))
  return new Uint8Array(memory.buffer)
}
