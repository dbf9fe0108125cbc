import type { Table } from '../port.ts'

/** The object store of byte values, beside one store per table. Keys are out of line everywhere. */
export const BYTES = 'bytes'

export type StoreName = Table | typeof BYTES
