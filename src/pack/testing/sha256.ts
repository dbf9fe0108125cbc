import { hash } from 'node:crypto'
import type { Sha256 } from '../../core/hash.ts'

/** SHA-256 of the host, for tests. */
export const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')
