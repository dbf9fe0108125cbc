/**
 * How often a test tries something made up anew: as often as is worth its time with every commit, times `CAIRN_RUNS`
 * (1 unless it is set): see CONTRIBUTING.md.
 */
export function runs(count: number): number {
  const factor = Number(process.env['CAIRN_RUNS'] ?? 1)
  if (!(factor > 0)) throw new RangeError('CAIRN_RUNS is a number above 0')
  return Math.ceil(count * factor)
}
