import { formatBytes } from '../lib/format.ts'
import { isActive, useJobs } from '../lib/jobs.ts'
import { useOnline } from '../lib/online.ts'
import { useRepos, useStorage } from '../lib/reads.ts'
import { useSpaces } from '../lib/spaces.ts'

/** The state of this device in a sentence, below the navigation. */
export function NavFoot() {
  const { value: repos } = useRepos()
  const { value: spaces } = useSpaces()
  const { value: storage } = useStorage()
  const online = useOnline()
  const working = useJobs().some((job) => isActive(job) && job.kind !== 'index' && job.kind !== 'sweep')
  // Until both are read nobody knows.
  const kept =
    repos === undefined || spaces === undefined
      ? undefined
      : repos.filter((repo) => repo.head !== undefined).length + spaces.length
  // an allowance, which need not be free on the disk
  const room =
    storage?.quota === undefined ? '' : ` The browser allows about ${formatBytes(storage.quota)} in all.`
  return (
    <>
      {(working || kept !== undefined) && (
        <span className={working || kept === 0 ? 'pill quiet' : 'pill'}>
          {working ? 'Working' : kept === 0 ? 'Nothing kept yet' : 'Saved on this device'}
        </span>
      )}
      <small>
        {online
          ? `${storage?.persistent === true ? 'The browser keeps it for good.' : kept === 0 ? 'What you keep here is readable without a network.' : 'Readable without a network.'}${room}`
          : 'You are offline. Everything kept here stays readable; backups wait for the network.'}
      </small>
    </>
  )
}
