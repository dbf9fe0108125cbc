import type { RepoSummary } from '../../../cairn/api.ts'

/** What every tab of a repo is given. */
export interface RepoTabProps {
  readonly repo: RepoSummary
}
