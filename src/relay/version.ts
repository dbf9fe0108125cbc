import { createRequire } from 'node:module'

/** The version of this software, as `package.json` has it. */
export function readVersion(): string {
  const found: unknown = createRequire(import.meta.url)('../../package.json')
  const version =
    typeof found === 'object' && found !== null && 'version' in found ? found.version : undefined
  return typeof version === 'string' ? version : '0.0.0'
}
