import { PdsError } from '../errors.ts'
import { verifyPlcLog } from '../plc/log.ts'
import { makeKey, startLog, type PlcLogMaker, type TestKey } from './plc-maker.ts'

/** The keys of one account in the tests of its log, and a stranger's. */
export interface Cast {
  readonly strong: TestKey
  readonly middle: TestKey
  readonly weak: TestKey
  /** the three above, most powerful first */
  readonly keys: readonly TestKey[]
  readonly signA: TestKey
  readonly signB: TestKey
  readonly stranger: TestKey
  /** a log with a genesis, signed by the weakest rotation key */
  start(): Promise<PlcLogMaker>
}

/** Real keys of both curves. */
export async function makeCast(): Promise<Cast> {
  const strong = await makeKey('p256')
  const middle = await makeKey('k256')
  const weak = await makeKey('p256')
  const signA = await makeKey('k256')
  const signB = await makeKey('p256')
  const stranger = await makeKey('k256')
  const keys = [strong, middle, weak]
  return {
    strong,
    middle,
    weak,
    keys,
    signA,
    signB,
    stranger,
    start: () => startLog({ rotationKeys: keys, signing: signA }, weak),
  }
}

/** What is wrong with a log; any failure but `pds.plc-log-invalid` of that DID fails the test. */
export async function problem(
  did: string,
  log: unknown,
): Promise<{ reason: unknown; index: unknown } | 'verified'> {
  try {
    await verifyPlcLog(did, log)
    return 'verified'
  } catch (error) {
    if (!(error instanceof PdsError) || error.code !== 'pds.plc-log-invalid') throw error
    if (error.fields['did'] !== did) throw error
    return { reason: error.fields['reason'], index: error.fields['index'] }
  }
}
