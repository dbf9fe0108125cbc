import { SearchPanel } from '../../components/search-panel.tsx'
import { repoHref } from '../../lib/routes.ts'
import '../../styles/library.css'
import type { RepoTabProps } from './tab-props.ts'

/** Search in one repo. */
export function RepoSearch({ repo }: RepoTabProps) {
  const collections = (repo.head?.collections ?? []).map(({ nsid }) => nsid)
  return (
    <SearchPanel
      did={repo.did}
      repos={[repo]}
      collections={collections}
      path={repoHref(repo.did, 'search')}
    />
  )
}
