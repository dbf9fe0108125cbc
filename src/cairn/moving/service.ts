import { didMethod } from '../../pds/did-fetch.ts'
import { networkOf } from '../../sync/host.ts'
import { repoRow } from '../../sync/kept.ts'
import type { MovingHost } from '../../sync/moving/context.ts'
import { requestCode } from '../../sync/moving/mailed-code.ts'
import { type MoveRow, STEPS } from '../../sync/moving/model.ts'
import { createMover } from '../../sync/moving/mover.ts'
import { describeServer } from '../../sync/moving/new-place.ts'
import { planMove } from '../../sync/moving/plan.ts'
import {
  addKey,
  checkKey,
  exportPrivate,
  makeKey,
  privateFile,
  takePrivate,
} from '../../sync/moving/prepare.ts'
import { type RunProgress, stepRow } from '../../sync/moving/run.ts'
import { standingOf } from '../../sync/moving/standing.ts'
import { whoseFile } from '../../sync/moving/whose-file.ts'
import { MovingError } from '../../sync/moving/errors.ts'
import { accountStore } from '../accounts/store.ts'
import { readSettings } from '../settings.ts'
import { createCopies } from './copies.ts'
import type { MovingRoomParts } from './create.ts'
import type { Move, Moving } from './model.ts'

export interface MovingService {
  readonly api: Moving
  close(): Promise<void>
}

export function createMovingService(parts: MovingRoomParts): MovingService {
  const { host, sessions, library, log, changed } = parts
  const { storage } = host
  const endpoints = async () => (await readSettings(storage)).endpoints
  const place: MovingHost = {
    host,
    store: accountStore(storage),
    sessions,
    copies: createCopies(parts),
    endpoints,
    changed,
    // A history that cannot be written stops no move: the move's own rows say more.
    note: (did, news) => log.note({ did, ...news }).catch(() => {}),
  }
  const mover = createMover(place)

  const get = async (did: string): Promise<Move | undefined> => {
    const found = await mover.get(did)
    return found === undefined ? undefined : moveOf(found.row, found.running, found.at)
  }

  const api: Moving = {
    async list() {
      const moves = await Promise.all((await mover.list()).map(({ did }) => get(did)))
      return moves.filter((move) => move !== undefined).sort((a, b) => a.startedAt - b.startedAt)
    },
    get,
    standing: (did) => standingOf(place, did),
    makeKey: async (did) => makeKey(place, did, (await repoRow(storage, did))?.handle),
    checkKey: (did, text) => checkKey(place, did, text),
    requestCode: (did) => requestCode(sessions, did),
    async addKey(did, code) {
      await addKey(place, did, code)
      // The log that lists the key is kept with the copy. Its job says for itself how that went.
      if ((await repoRow(storage, did)) !== undefined) await library.backup(did)
    },
    async exportPrivate(did) {
      const { at, parts: read } = await exportPrivate(place, did)
      return {
        at,
        parts: read.map(({ name, items, problem }) => ({ name, count: items?.length ?? 0, problem })),
      }
    },
    privateFile: (did) => privateFile(place, did),
    takePrivate: (did, text) => takePrivate(place, did, text),
    async takeFile(did, file, name) {
      const { did: found } = await whoseFile(file, name)
      if (found !== did) throw new MovingError('moving.wrong-account', { did, found })
      return library.importFile(file, name)
    },
    server: async (address) => describeServer(networkOf(host, await endpoints()), address),
    plan: (input, key) => planMove(place, input, key),
    async begin(input) {
      return moveOf(await mover.begin(input), false, undefined)
    },
    go: (did, gifts) => mover.go(did, { ...gifts }),
    stop: (did) => mover.stop(did),
    withoutBlobs: (did) => mover.withoutBlobs(did),
    forget: (did) => mover.forget(did),
  }
  return { api, close: () => mover.close() }
}

/** What screens see of a row: nothing that opens anything. */
function moveOf(row: MoveRow, running: boolean, at: RunProgress | undefined): Move {
  const { did, handle, kind, from, to, withoutBlobs, startedAt, endedAt, waits } = row
  return {
    did,
    handle,
    kind,
    method: didMethod(did),
    from,
    to: to.pds,
    newHandle: to.handle,
    withoutBlobs,
    startedAt,
    endedAt,
    steps: STEPS[kind].map((name) => {
      const step = stepRow(row, name)
      if (at?.step !== name) return { name, ...step, progress: undefined }
      const { done, total } = at
      return { name, ...step, state: 'running', error: undefined, progress: { done, total } }
    }),
    running,
    waits: running ? undefined : waits,
  }
}
