import { Suspense } from 'react'
import { Loading } from '../components/bits.tsx'
import { ErrorNote } from '../components/error-note.tsx'
import { RetentionField } from '../components/retention-field.tsx'
import { Title } from '../components/screen.tsx'
import { useAction } from '../lib/engine-context.ts'
import { VERSION } from '../lib/version.ts'
import { useSettings } from '../lib/reads.ts'
import '../styles/settings.css'
import { AccountsCard } from './account/accounts-card.tsx'
import { EndpointsForm } from './settings/endpoints.tsx'
import { StorageCard } from './settings/storage.tsx'
import { ThemeField } from './settings/theme.tsx'
import { WipeCard } from './settings/wipe.tsx'
import { late } from '../lib/late.ts'

const RecoveryCard = late(() => import('./spaces/recovery/recovery-card.tsx'), 'RecoveryCard')

/** Where things are kept, whom Cairn asks, and how it looks. */
export function SettingsScreen() {
  const { value: settings, error } = useSettings()
  const action = useAction()
  return (
    <>
      <div className="head">
        <div className="grow">
          <Title>Settings</Title>
          <p className="small">They hold for this device only.</p>
        </div>
      </div>
      {error !== undefined && <ErrorNote error={error} />}
      <div className="settings">
        <StorageCard />
        <AccountsCard />
        {settings === undefined ? (
          error === undefined && <Loading />
        ) : (
          <>
            <section className="card pad setting" aria-labelledby="set-backups">
              <div>
                <h2 id="set-backups">Backups</h2>
                <p className="small">For every repository, unless it has its own setting.</p>
              </div>
              <div className="stack">
                <label className="check">
                  <input
                    type="checkbox"
                    checked={settings.blobs}
                    disabled={action.running}
                    onChange={(event) =>
                      void action.run((cairn) => cairn.device.setSettings({ blobs: event.target.checked }))
                    }
                  />
                  <span>
                    Fetch images and other blobs with each backup
                    <span className="small block">
                      They are most of the bytes. Without them the records are still whole and proven.
                    </span>
                  </span>
                </label>
                <div className="field">
                  <span className="label">Snapshots of a new repository</span>
                  <RetentionField
                    value={settings.retention}
                    disabled={action.running}
                    onChange={(retention) =>
                      void action.run((cairn) => cairn.device.setSettings({ retention }))
                    }
                  />
                </div>
                {action.error !== undefined && <ErrorNote error={action.error} />}
              </div>
            </section>
            <EndpointsForm key={JSON.stringify(settings.endpoints)} endpoints={settings.endpoints} />
          </>
        )}
        <section className="card pad setting" aria-labelledby="set-theme">
          <div>
            <h2 id="set-theme">Theme</h2>
          </div>
          <ThemeField />
        </section>
        <Suspense>
          <RecoveryCard />
        </Suspense>
        <WipeCard />
        <p className="small faint about">Cairn {VERSION}. Free software, MIT or Apache-2.0.</p>
      </div>
    </>
  )
}
