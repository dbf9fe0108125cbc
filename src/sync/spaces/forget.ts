import { CairnError, hasCode } from '../../core/errors.ts'
import type { Net } from '../../net/net.ts'
import { openSpace, type OpenSpaceOptions } from './client.ts'
import type { SpaceReplica } from './model.ts'

/** What became of it at one store; no error: it is not there any more. */
export interface Forgotten {
  readonly store: string
  readonly error: string | undefined
}

export type Forgetter = Pick<SpaceReplica, 'space'> & { readonly prove: NonNullable<SpaceReplica['prove']> }

/**
 * Has stores delete a space with all that they keep of it. `prove` is by a device of an admin, or by the authority's
 * key. Each is asked by itself; what fails is told. A member who still keeps the space asks them to keep it again.
 */
export function forgetAtStores(
  net: Net,
  stores: readonly string[],
  space: Forgetter,
  options: OpenSpaceOptions,
): Promise<Forgotten[]> {
  return Promise.all(
    stores.map(async (store) => {
      try {
        await forgetAt(net, store, space, options)
        return { store, error: undefined }
      } catch (error) {
        if (hasCode(error, 'space-sync.not-kept')) return { store, error: undefined }
        if (error instanceof CairnError) return { store, error: error.code }
        throw error
      }
    }),
  )
}

async function forgetAt(net: Net, store: string, space: Forgetter, options: OpenSpaceOptions): Promise<void> {
  const client = await openSpace(net, store, space, options)
  try {
    await client.hello().catch((error: unknown) => {
      // The authority's key is no device, and is let in by nobody; it is proven all the same.
      if (!hasCode(error, 'space-sync.denied')) throw error
    })
    await client.forget()
  } finally {
    client.close()
  }
}
