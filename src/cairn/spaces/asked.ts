import { NetworkError } from '../network/calls.ts'
import { methodsOf } from '../remote-methods.ts'
import type { Spaces } from '../spaces-api.ts'

/** What a context does by itself: it reads from the storage, and what it gives cannot go from tab to tab. */
export type OwnSpaces = Pick<Spaces, 'file' | 'export'>

/** The spaces as any context has them: the one that leads has them open, and is asked. */
export const askedSpaces = (
  ask: (name: string, args: readonly unknown[]) => Promise<unknown>,
  own: OwnSpaces,
): Spaces =>
  ({
    // the compiler holds `methodsOf` to be every method; each is passed on with its own arguments and result
    ...(Object.fromEntries(
      methodsOf('spaces').map((name) => [name, (...args: unknown[]) => ask(name, args)]),
    ) as unknown as Spaces),
    ...own,
  }) satisfies Spaces

const off = (): Promise<never> => Promise.reject(new NetworkError('network.off'))

/** A place that opens no spaces, such as a command that ends when its work is done. */
export const noSpaces: Spaces = { ...askedSpaces(off, { file: off, export: off }), list: async () => [] }
