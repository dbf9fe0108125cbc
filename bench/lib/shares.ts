/** What V8's sampling profiler gives, in Node and through the DevTools protocol. */
export interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples?: readonly number[] | undefined
  readonly timeDeltas?: readonly number[] | undefined
}

/** Functions that are told of. */
const SHOWN = 40

/** Own time of each function over all time that was not idle, after how much that was. */
export function shares({ nodes, samples = [], timeDeltas = [] }: Profile): { name: string; share: number }[] {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      `${functionName || '(anonymous)'} ${url.replace(/^.*\/(node_modules|src)\//, '')}:${lineNumber + 1}`,
    ]),
  )
  const own = new Map<string, number>()
  let busy = 0
  const all = timeDeltas.reduce((sum, time) => sum + time, 0)
  samples.forEach((id, i) => {
    const name = names.get(id) ?? ''
    if (name.startsWith('(idle)')) return
    const time = timeDeltas[i] ?? 0
    busy += time
    own.set(name, (own.get(name) ?? 0) + time)
  })
  // first in any order by share
  const load = { name: `(busy ${Math.round(busy / 1000)} of ${Math.round(all / 1000)} ms)`, share: 1 }
  const spots = [...own]
    .sort((a, b) => b[1] - a[1])
    .slice(0, SHOWN)
    .map(([name, time]) => ({ name, share: time / busy }))
  return [load, ...spots]
}
