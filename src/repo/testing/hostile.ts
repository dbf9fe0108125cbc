import { hostileCommits } from './hostile-commits.ts'
import { type HostileCar, refuse } from './hostile-craft.ts'
import { hostileFiles } from './hostile-files.ts'
import { hostileNodes } from './hostile-nodes.ts'
import { hostilePaths, hostileRecords } from './hostile-records.ts'
import { hostileTrees } from './hostile-trees.ts'

export type { HostileCar } from './hostile-craft.ts'
export { legalCars } from './legal.ts'

/**
 * CARs that a strict reader refuses, each with the one fault that its name says and correctly signed
 * unless the signature is that fault.
 */
export function hostileCars(): HostileCar[] {
  return [
    ...refuse(hostileCommits()),
    ...refuse(hostileTrees()),
    ...refuse(hostileNodes()),
    ...refuse(hostilePaths()),
    ...refuse(hostileRecords()),
    ...refuse(hostileFiles()),
  ]
}
