import { Empty } from '../components/bits.tsx'
import { Title } from '../components/screen.tsx'
import { SearchPanel } from '../components/search-panel.tsx'
import { pluralWord } from '../lib/format.ts'
import { useRepos } from '../lib/reads.ts'
import '../styles/library.css'

/** Search across every repo that is kept. */
export function SearchAllScreen() {
  const { value: repos } = useRepos()
  const kept = (repos ?? []).filter((repo) => repo.head !== undefined)
  const collections = [
    ...new Set(kept.flatMap((repo) => repo.head?.collections.map(({ nsid }) => nsid) ?? [])),
  ].sort()
  return (
    <>
      <div className="head">
        <div className="grow">
          <Title>Search</Title>
          <p className="small">
            {kept.length === 0
              ? 'Across everything kept on this device.'
              : `Across ${pluralWord(kept.length, 'repository', 'repositories').toLowerCase()} kept on this device.`}
          </p>
        </div>
      </div>
      {repos !== undefined && kept.length === 0 ? (
        <div className="card">
          <Empty
            title="Nothing to search yet"
            action={
              <a className="btn go" href="/">
                Go to the Library
              </a>
            }
          >
            Keep a repository first; its words can then be found here without a network.
          </Empty>
        </div>
      ) : (
        <SearchPanel repos={repos ?? []} collections={collections} path="/search" />
      )}
    </>
  )
}
