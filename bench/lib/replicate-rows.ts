import type { Processor } from './processor.ts'
import { type BenchRow, median } from './table.ts'

/** What the same bytes reach through the product's streams alone: no repo work can make it more. */
export const bareRow = (way: string, size: string, ours: number, floor: number): BenchRow => ({
  name: `replicate, ${way}: the same bytes through libp2p alone`,
  size,
  unit: 'MB/s',
  ours,
  floor,
  ratio: ours / floor,
  target: '–',
  met: undefined,
})

/** What bounds the rate where there are fewer cores than processes. */
export function processorRow(way: string, size: string, spent: readonly Processor[]): BenchRow {
  const who = [...new Set(spent.flatMap((one) => Object.keys(one)))]
  const parts = who.map((name) => [name, median(spent.map((one) => one[name] ?? 0))] as const)
  return {
    name: `replicate, ${way}: processor time of all`,
    size,
    unit: 'ms',
    ours: parts.reduce((sum, [, ms]) => sum + ms, 0),
    rivals: Object.fromEntries(parts),
    target: '–',
    met: undefined,
  }
}
