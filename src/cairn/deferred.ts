import type { Cairn } from './api.ts'
import { methodsOf, type Room } from './remote-methods.ts'

/**
 * A Cairn that can be called before it has started: calls wait, and fail with the reason when it cannot
 * start (a database from a newer version, say).
 */
export function deferCairn(starting: Promise<Cairn>): Cairn {
  const room = <R extends Room>(name: R): Cairn[R] => {
    const methods = methodsOf(name).map((method) => [
      method,
      async (...args: unknown[]) => {
        const cairn = await starting
        // `methodsOf` lists exactly the methods of the room, checked by the compiler where it is written
        const it = cairn[name] as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
        return it[method]?.(...args)
      },
    ])
    return Object.fromEntries(methods) as Cairn[R]
  }
  return {
    library: room('library'),
    activity: room('activity'),
    device: room('device'),
    network: room('network'),
    spaces: room('spaces'),
    accounts: room('accounts'),
    moving: room('moving'),
    writing: room('writing'),
    subscribe(listener) {
      let stop = (): void => {}
      let stopped = false
      void starting.then(
        (cairn) => {
          if (!stopped) stop = cairn.subscribe(listener)
        },
        () => {},
      )
      return () => {
        stopped = true
        stop()
      }
    },
    close: async () => (await starting).close(),
  }
}
