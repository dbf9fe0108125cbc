import { hasCode } from '../../core/errors.ts'
import type { Net } from '../../net/net.ts'
import { serveSpaces, type SpaceServing } from '../../sync/spaces/serve-spaces.ts'
import { errorFields, type Log } from '../http/log.ts'
import type { Store } from '../store/model.ts'
import type { SpaceKeeper } from './keeper.ts'

/** Answers members for the spaces that are kept, and has them hear of each other's heads. Close it before the keeper. */
export function serveKeptSpaces(options: {
  readonly net: Net
  readonly store: Store
  readonly keeper: SpaceKeeper
  readonly log: Log
}): SpaceServing {
  const { net, store, keeper, log } = options
  const { sha256, timers, clock, random } = store.host
  const serving = serveSpaces({
    ...{ net, sha256, timers, clock, random },
    storage: store.storage,
    find: keeper.find,
    mayKeep: keeper.keep,
    onForget: (space, key) => forget(keeper, space, key),
    onFailure: (event, error) => log('warn', event, errorFields(error)),
  })
  const stop = serving.start()
  // Nobody has proven anything of a space that is kept no more, nor of the next one of its name.
  const unlisten = keeper.onDropped((space) => {
    serving.access.forget(space)
    serving.channel.recheck(space)
  })
  return {
    ...serving,
    async close() {
      unlisten()
      stop()
      await serving.close()
    },
  }
}

async function forget(
  keeper: SpaceKeeper,
  space: string,
  key: string,
): Promise<'forgotten' | 'denied' | 'not-kept'> {
  try {
    await keeper.forget(space, key)
    return 'forgotten'
  } catch (error) {
    if (hasCode(error, 'store.not-kept')) return 'not-kept'
    if (hasCode(error, 'store.not-admitted')) return 'denied'
    throw error
  }
}
