import { useMemo } from 'react'
import { shorten } from './format.ts'
import { useRepos } from './reads.ts'
import { repoName } from './repo-status.ts'

/** What repos are called: by the name kept here, else by a short DID. */
export function useRepoNames(): (did: string) => string {
  const { value: repos } = useRepos()
  return useMemo(() => {
    const names = new Map(repos?.map((repo) => [repo.did, repoName(repo)]))
    return (did: string) => names.get(did) ?? shorten(did)
  }, [repos])
}
