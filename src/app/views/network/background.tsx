import type { NetworkStatus } from '../../../cairn/api.ts'

const CAN: Readonly<Record<NetworkStatus['background'], readonly [title: string, sentence: string]>> = {
  sync: [
    'Finishes when closed',
    'After you close Cairn, this browser runs it once more as soon as there is a network. Everything else is caught up on when you open it.',
  ],
  periodic: [
    'Runs when closed',
    'After you close Cairn, this browser runs it once more as soon as there is a network. Installed as an app, it also catches up now and then; how often is decided by the browser.',
  ],
  none: [
    'Catches up on open',
    'This browser runs nothing while Cairn is closed. All that has changed is fetched as soon as you open it.',
  ],
}

interface BackgroundCardProps {
  readonly background: NetworkStatus['background']
  readonly on: boolean
}

/** What happens when no page of Cairn is open, as far as this browser goes. */
export function BackgroundCard({ background, on }: BackgroundCardProps) {
  const [title, sentence] = CAN[background]
  return (
    <section className="card stack-tight" aria-labelledby="net-background">
      <h2 id="net-background">In the background</h2>
      <div>
        <span className={on && background !== 'none' ? 'pill' : 'pill quiet'}>{on ? title : 'Off'}</span>
      </div>
      <p className="small">{on ? sentence : 'Nothing runs while the network is off.'}</p>
    </section>
  )
}
