/**
 * The pause after a number of failures in a row, ms: doubles from the first to the longest, and is drawn
 * from its upper half, so that those who lost the same thing at once do not come back at once.
 */
export function backOff(
  failures: number,
  random: () => number,
  limits: { readonly firstBackOffMs: number; readonly maxBackOffMs: number },
): number {
  const ceiling = Math.min(
    limits.maxBackOffMs,
    limits.firstBackOffMs * 2 ** Math.min(Math.max(0, failures - 1), 30),
  )
  return Math.round(ceiling * (0.5 + random() / 2))
}
