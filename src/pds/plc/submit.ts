import { readChunks } from '../../core/chunk-reader.ts'
import { collect } from '../body.ts'
import { didMethod, fetchPlcLog } from '../did-fetch.ts'
import { PdsError } from '../errors.ts'
import { guardedFetch } from '../account/guarded-fetch.ts'
import type { Network } from '../network.ts'
import { verifyPlcLog, type VerifiedPlcLog } from './log.ts'
import type { PlcOperationJson } from './make-operation.ts'

/** A refusal is a sentence; what is longer is cut, characters. */
const MAX_TEXT = 256

/** The log of a did:plc as the directory has it now, verified, with what it was verified from. */
export async function currentPlcLog(
  network: Network,
  plc: string,
  did: string,
  signal?: AbortSignal,
): Promise<{ readonly log: VerifiedPlcLog; readonly raw: unknown }> {
  const raw = await fetchPlcLog(network, plc, did, { signal })
  return { log: await verifyPlcLog(did, raw), raw }
}

/**
 * Hands an operation to the directory. It cannot be taken back, but for 72 hours by a more powerful key.
 *
 * @throws PdsError `pds.http { error, message }` when the directory refuses it, and those of the way there
 */
export async function submitToPlc(
  network: Network,
  plc: string,
  did: string,
  operation: PlcOperationJson,
): Promise<void> {
  if (didMethod(did) !== 'plc') throw new PdsError('pds.did-unsupported', { did })
  const url = new URL(`${plc.replace(/\/+$/, '')}/${did}`)
  const answer = await guardedFetch(async () => network)(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(operation),
  })
  if (answer.ok) {
    await answer.body?.cancel()
    return
  }
  const text = answer.body === null ? '' : await refusal(answer.body)
  const { status } = answer
  const retriable = status >= 500 && status !== 501
  throw new PdsError('pds.http', { host: url.host, status, error: 'PlcRefused', message: text, retriable })
}

async function refusal(body: ReadableStream<Uint8Array>): Promise<string> {
  return new TextDecoder().decode(await collect(readChunks(body))).slice(0, MAX_TEXT)
}
