import { isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The folder of the identity and the store: `--data`, else `CAIRN_DATA`, else `.cairn-data` in the folder
 * that Cairn was cloned into, so that all that a trial left behind goes with the clone.
 *
 * @param cwd relative folders start here
 */
export function dataFolder(
  option: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): string {
  const named = option ?? (env['CAIRN_DATA'] || undefined)
  if (named === undefined) return fileURLToPath(new URL('../../.cairn-data', import.meta.url))
  return isAbsolute(named) ? named : join(cwd, named)
}
