/** What a relay keeps of group spaces. */
export interface SpaceLimits {
  /** everything of one space: its log, repos and chunks, as stored, bytes */
  readonly bytesPerSpace: number
  /** of one space: one a device that ever wrote */
  readonly reposPerSpace: number
  /** membership operations and key cards of one space, bytes: they are in memory while it is in use */
  readonly logBytesPerSpace: number
  /** the same of all spaces together */
  readonly logBytes: number
  /** in all */
  readonly spaces: number
  /** that one peer id asked for first */
  readonly spacesPerPeer: number
}

/** What a relay keeps of spaces unless told otherwise; all of them together stay under the store's cap. */
export const DEFAULT_SPACE_LIMITS: SpaceLimits = {
  bytesPerSpace: 1024 ** 3,
  reposPerSpace: 10_000,
  logBytesPerSpace: 16 * 1024 ** 2,
  logBytes: 512 * 1024 ** 2,
  spaces: 2_000,
  spacesPerPeer: 100,
}
