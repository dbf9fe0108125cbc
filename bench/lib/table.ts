/** One measured thing beside its floor, its rivals and its target. */
export interface BenchRow {
  readonly name: string
  readonly size: string
  readonly unit: 'ms' | 'MB' | 'KB' | 'tasks' | 'MB/s' | '/s' | 'µs' | 'ms/s'
  /** undefined when ours was not run */
  readonly ours: number | undefined
  readonly floor?: number
  readonly rivals?: Readonly<Record<string, number>>
  /** ours over the floor */
  readonly ratio?: number
  readonly target: string
  /** undefined when ours was not run or the row has no target */
  readonly met: boolean | undefined
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const high = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

export function round(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 100) / 100
}

/** The rows as a Markdown table. */
export function formatRows(rows: readonly BenchRow[]): string {
  const head = ['what', 'size', 'ours', 'floor', 'ratio', 'rivals', 'target', 'met']
  const show = (value: number | undefined, unit: string): string =>
    value === undefined ? '–' : `${round(value)} ${unit}`
  const lines = rows.map((row) => [
    row.name,
    row.size,
    show(row.ours, row.unit),
    show(row.floor, row.unit),
    row.ratio === undefined ? '–' : `${row.ratio.toFixed(2)}×`,
    Object.entries(row.rivals ?? {})
      .map(([name, value]) => `${name}: ${show(value, row.unit)}`)
      .join('; ') || '–',
    row.target,
    row.met === undefined ? '–' : row.met ? 'yes' : '**no**',
  ])
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
