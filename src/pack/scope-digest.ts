import { utf8 } from '../core/bytes.ts'
import type { Sha256 } from '../core/hash.ts'
import { sha256Hex } from './canonical-json.ts'
import type { Scopes } from './model.ts'

/**
 * The digest by which snapshots name the scopes they were made for: `name:value,value|name:value`, names and
 * values in the order of their UTF-16 units, through SHA-256.
 *
 * The format does not escape `:`, `,` and `|`, so scopes that hold them can share a digest. It finds a snapshot;
 * it must not decide who may read one.
 */
export function scopeDigest(scopes: Scopes, sha256: Sha256): string {
  const entries = Object.entries(scopes).sort(([a], [b]) => (a < b ? -1 : 1))
  const text = entries
    .map(([name, value]) => `${name}:${(typeof value === 'string' ? [value] : [...value].sort()).join(',')}`)
    .join('|')
  return sha256Hex(utf8(text), sha256)
}
