import { CairnError } from '../../../core/errors.ts'

/** The code, and the reason where there is one; `none` when nothing is thrown. Other errors are thrown on. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'none'
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
    const { reason } = error.fields
    return typeof reason === 'string' ? `${error.code} ${reason}` : error.code
  }
}
