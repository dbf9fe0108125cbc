import { hash } from 'node:crypto'

/** A space in names of byte values, 64 hexadecimal digits; URIs are too long for that, and may hold anything. */
export const spaceTag = (space: string): string => hash('sha256', space)

/** A space in the log: enough to see that two lines are of one, and not which. */
export const spaceMark = (space: string): string => spaceTag(space).slice(0, 12)
