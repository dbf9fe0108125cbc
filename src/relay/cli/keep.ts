import { accessSync, constants, existsSync, openAsBlob } from 'node:fs'
import { basename } from 'node:path'
import { CairnError, hasCode } from '../../core/errors.ts'
import { identityFromKept } from '../../pds/identity.ts'
import type { Identity } from '../../pds/identity.ts'
import { createAddressGuard } from '../guard/addresses.ts'
import { createGuardedFetch } from '../guard/fetch.ts'
import { noLog } from '../http/log.ts'
import { endpointsOf, openStore } from '../keeping.ts'
import type { Store, StoredRepo } from '../store/model.ts'
import type { KeepCommand } from './args.ts'
import { fileError, UsageError } from './errors.ts'
import { readIdentity } from './identity.ts'
import { print } from './output.ts'

/**
 * Puts a repo into the store of a data folder, from a CAR file or, by handle or DID, from its PDS, and
 * waits for its blobs. Prints one line about what is kept. Returns the exit status: 1 when it was refused.
 *
 * Throws `cli.file` for a file that cannot be read and a folder that is in use.
 */
export async function keep(command: KeepCommand): Promise<number> {
  const input = await readInput(command)
  const store = await open(command)
  try {
    const kept = await store.keep(input.what, {
      by: 'operator',
      ...(input.identity === undefined ? {} : { identity: input.identity }),
    })
    await store.idle()
    await print(describe(kept, store))
    return 0
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
    process.stderr.write(`${command.what}: not kept: ${error.message}\n`)
    return 1
  } finally {
    await store.close()
  }
}

interface Input {
  readonly what: Parameters<Store['keep']>[0]
  readonly identity: Identity | undefined
}

/** A name that is a file here is that file: no handle and no DID has a slash or ends in `.car`. */
async function readInput({ what, didDoc, plcLog }: KeepCommand): Promise<Input> {
  const identity = didDoc === undefined ? undefined : await identityFromKept(readIdentity(didDoc, plcLog))
  const isFile = existsSync(what) || what.includes('/') || what.endsWith('.car')
  if (!isFile) {
    if (identity !== undefined) throw new UsageError('cli.usage', '--did-doc goes with a file.')
    return { what, identity }
  }
  try {
    // Says why, which opening as a Blob does not.
    accessSync(what, constants.R_OK)
    return { what: { file: await openAsBlob(what), name: basename(what) }, identity }
  } catch (error) {
    throw fileError(what, error)
  }
}

async function open(command: KeepCommand): Promise<Store> {
  const { plc, allowLocal, storeLimit } = command
  try {
    return await openStore({
      dataDir: command.dataDir,
      admission: { mode: 'open' },
      limits: storeLimit === undefined ? {} : { bytes: storeLimit },
      endpoints: endpointsOf({ allowLocal, ...(plc === undefined ? {} : { plc }) }),
      fetch: createGuardedFetch(createAddressGuard({ allowLocal })),
      log: noLog,
    })
  } catch (error) {
    if (!hasCode(error, 'storage.blocked')) throw error
    const sentence = `A running relay uses ${command.dataDir}. Stop it first, or keep the repo from the app.`
    throw new UsageError('cli.file', sentence, { cause: error })
  }
}

function describe(kept: StoredRepo, store: Store): string {
  const { repos, bytes } = store.usage()
  const name = kept.handle === undefined ? kept.did : `${kept.handle} (${kept.did})`
  const number = new Intl.NumberFormat('en')
  return (
    `kept ${name}, version ${kept.rev ?? '?'}: ${number.format(kept.records)} records, ` +
    `${number.format(kept.bytes)} bytes; ${number.format(repos)} repos in the store, ${number.format(bytes)} bytes\n`
  )
}
