import { useState } from 'react'
import type { PrivateSummary } from '../../../cairn/api.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { downloadBytes } from '../../lib/download.ts'
import { useAction } from '../../lib/engine-context.ts'
import { formatDayTime, formatNumber } from '../../lib/format.ts'
import { useStanding } from '../../lib/moving.ts'
import { NEVER_MOVED, PRIVATE_WORDS } from '../../words/moving-steps.ts'
import { OldServer } from './old-server.tsx'

/** More is no such file, bytes. */
const MAX_FILE = 16 * 1024 * 1024

/** What an account has beside its repo, brought here while its server still answers. */
export function PrivateCard({ did }: { readonly did: string }) {
  const { value: standing } = useStanding(did)
  const [found, setFound] = useState<PrivateSummary>()
  const read = useAction()
  const save = useAction()
  const at = found?.at ?? standing?.privateAt
  const download = () =>
    void save.run(async (cairn) => {
      const text = await cairn.moving.privateFile(did)
      if (text !== undefined) downloadBytes(new Blob([text]), 'cairn-private-data.json')
    })
  const take = (file: File | undefined) =>
    void save.run(async (cairn) => {
      if (file !== undefined) await cairn.moving.takePrivate(did, await file.slice(0, MAX_FILE).text())
    })
  return (
    <section className="card pad setting" aria-labelledby="mv-private">
      <div>
        <h2 id="mv-private">What is not in the backup</h2>
        <p className="small">
          Preferences, mutes, drafts and bookmarks are with your server, and are nobody else’s to see.
        </p>
      </div>
      <div className="stack">
        <p>
          {at === undefined
            ? 'They were never brought to this device.'
            : `They were brought here on ${formatDayTime(at)}.`}{' '}
          {NEVER_MOVED}
        </p>
        {found !== undefined && (
          <ul className="small">
            {found.parts.map(({ name, count, problem }) => (
              <li key={name}>
                {PRIVATE_WORDS[name]}:{' '}
                {problem === undefined ? formatNumber(count) : 'could not be asked for'}
              </li>
            ))}
          </ul>
        )}
        <OldServer did={did} need="preferences" why="Only you may read them: sign in at your server.">
          <div className="line">
            <button
              type="button"
              className="btn"
              disabled={read.running}
              onClick={() => void read.run(async (cairn) => setFound(await cairn.moving.exportPrivate(did)))}
            >
              {read.running ? 'Reading' : 'Bring them here'}
            </button>
          </div>
        </OldServer>
        <div className="line">
          {at !== undefined && (
            <button type="button" className="btn" disabled={save.running} onClick={download}>
              Save them as a file
            </button>
          )}
          <label className="small">
            From a file{' '}
            <input
              type="file"
              accept=".json,application/json"
              onChange={(event) => take(event.target.files?.[0])}
            />
          </label>
        </div>
        {read.error !== undefined && <ErrorNote error={read.error} />}
        {save.error !== undefined && <ErrorNote error={save.error} />}
      </div>
    </section>
  )
}
