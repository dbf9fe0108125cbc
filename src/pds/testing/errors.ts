import { PdsError } from '../errors.ts'

/** The typed error that `run` fails with, as code and fields; anything else fails the test. */
export async function failure(run: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await run
  } catch (error) {
    if (error instanceof PdsError) return { code: error.code, ...error.fields }
    throw error
  }
  throw new Error('expected a failure')
}
