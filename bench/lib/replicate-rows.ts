import type { Processor } from './processor.ts'
import { type BenchRow, median } from './table.ts'
import type { Task } from './tasks.ts'

/** No task may keep a page's thread busy for longer, ms. */
const LONG = 50

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

/** What kept a page's thread busy for longest, whoever else wanted its core. */
export function taskRow(what: string, size: string, side: string, tasks: readonly Task[]): BenchRow {
  const { processor, wall } = tasks.reduce((most, one) => (one.processor > most.processor ? one : most))
  return {
    name: `${what}: longest task on the ${side}'s page, in processor time`,
    size,
    unit: 'ms',
    ours: processor,
    rivals: { 'from begin to end': wall },
    target: `≤ ${LONG} ms`,
    met: processor <= LONG,
  }
}
