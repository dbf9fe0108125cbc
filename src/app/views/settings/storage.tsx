import { useState } from 'react'
import type { StorageStatus } from '../../../cairn/api.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { formatBytes } from '../../lib/format.ts'
import { askToKeep } from '../../lib/persist.ts'
import { useRepos, useStorage } from '../../lib/reads.ts'
import { repoName } from '../../lib/repo-status.ts'
import { repoHref } from '../../lib/routes.ts'

const WHY: Readonly<Record<StorageStatus['why'], string>> = {
  granted: 'The browser keeps it for good: it is removed only when you clear the site’s data.',
  refused:
    'Best effort: the browser has refused to promise more, and may remove it when the device runs out of room. Using Cairn often, installing it, or allowing notifications makes browsers say yes.',
  'not-asked':
    'Best effort: the browser may remove it when the device runs out of room. It is asked to keep it for good at the first backup, or now.',
  unsupported: 'Best effort: this browser cannot promise to keep it. Export what matters.',
}

/** How much is kept, how much room there is, and whether the browser promises to keep it. */
export function StorageCard() {
  const { value: storage, error, reload } = useStorage()
  const { value: repos } = useRepos()
  const [asked, setAsked] = useState<'refused'>()
  const action = useAction()
  const ask = async () => {
    await action.run(async (cairn) => {
      if (!(await askToKeep(cairn))) setAsked('refused')
    })
    reload()
  }
  const ofRepos = (storage?.repos ?? []).reduce((sum, { bytes }) => sum + bytes, 0)
  const persistent = storage?.persistent === true
  const why = persistent ? 'granted' : (asked ?? storage?.why ?? 'not-asked')
  return (
    <section className="card pad setting" aria-labelledby="set-storage">
      <div>
        <h2 id="set-storage">Storage</h2>
        <p className="small">On this device, in this browser.</p>
      </div>
      <div className="stack">
        {error !== undefined && <ErrorNote error={error} />}
        {storage !== undefined && (
          <>
            <div>
              <div className="line">
                <span className="strong num">{formatBytes(storage.usage)}</span>
                <span className="small num">
                  {storage.quota === undefined
                    ? 'used'
                    : `of about ${formatBytes(storage.quota)} that the browser allows`}
                </span>
              </div>
              {storage.quota !== undefined && storage.quota > 0 && (
                <div
                  className="bar"
                  role="meter"
                  aria-label="Room used"
                  aria-valuenow={Math.round((storage.usage / storage.quota) * 100)}
                  aria-valuemin={0}
                  aria-valuemax={100}
                >
                  <i
                    style={{
                      inlineSize: `${Math.max(0.5, Math.min(100, (storage.usage / storage.quota) * 100)).toFixed(1)}%`,
                    }}
                  />
                </div>
              )}
            </div>
            <div className="stack-tight">
              <div className="line">
                <span className={persistent ? 'pill' : 'pill behind'}>
                  {persistent ? 'kept for good' : 'best effort'}
                </span>
                {!persistent && why !== 'unsupported' && (
                  <button type="button" className="btn slim" onClick={() => void ask()}>
                    Ask the browser to keep it
                  </button>
                )}
              </div>
              <p className="small">{WHY[why]}</p>
            </div>
            {storage.repos.length > 0 && (
              <dl className="kv usage small">
                {storage.repos
                  .toSorted((a, b) => b.bytes - a.bytes)
                  .map(({ did, bytes }) => {
                    const repo = repos?.find((each) => each.did === did)
                    return (
                      <div key={did} className="kv-row">
                        <dt>
                          <a href={repoHref(did)}>
                            <bdi className="clip">{repo === undefined ? did : repoName(repo)}</bdi>
                          </a>
                        </dt>
                        <dd className="num">{formatBytes(bytes)}</dd>
                      </div>
                    )
                  })}
                <div className="kv-row">
                  <dt>Cairn itself, spaces, and what makes it quick</dt>
                  <dd className="num">{formatBytes(storage.usage - ofRepos)}</dd>
                </div>
              </dl>
            )}
          </>
        )}
      </div>
    </section>
  )
}
