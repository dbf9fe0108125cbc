import { describe } from 'vitest'
import { bytesCompliance } from './compliance/bytes.ts'
import type { Subject } from './compliance/subject.ts'
import { lifecycleCompliance } from './compliance/lifecycle.ts'
import { locksCompliance } from './compliance/locks.ts'
import { modelCompliance } from './compliance/model.ts'
import { rowsCompliance } from './compliance/rows.ts'
import { writesCompliance } from './compliance/writes.ts'

export type { Opened, Subject } from './compliance/subject.ts'

/** The one suite that every adapter of the `Storage` port runs: each sentence of `port.ts` as a test. */
export function storageCompliance(name: string, subject: Subject): void {
  describe(`${name} keeps the storage port`, () => {
    rowsCompliance(subject)
    writesCompliance(subject)
    bytesCompliance(subject)
    locksCompliance(subject)
    lifecycleCompliance(subject)
    modelCompliance(subject)
  })
}
