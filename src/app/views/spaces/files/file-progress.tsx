import type { SpaceFileState } from '../../../../cairn/api.ts'
import { useAction } from '../../../lib/engine-context.ts'
import { formatBytes } from '../../../lib/format.ts'
import { useHere } from '../../../spaces/here.ts'
import { wordsFor } from '../../../words.ts'

interface FileProgressProps {
  readonly name: string
  /** bytes of the whole */
  readonly size: number
  readonly state: SpaceFileState
}

const DOING: Readonly<Record<SpaceFileState['transfer'], string>> = {
  none: '',
  waiting: 'Waits for someone who has it',
  sending: 'Being sent',
  receiving: 'On its way here',
  failed: '',
}

/** How much of a file is here and what it is doing; nothing to say when all of it is. */
export function FileProgress({ name, size, state }: FileProgressProps) {
  const { space } = useHere()
  const action = useAction()
  const { id, chunks, of, transfer, error } = state
  if (transfer === 'none') {
    return chunks >= of ? null : (
      <p className="small faint">Not on this device. It is fetched when you save it.</p>
    )
  }
  if (transfer === 'failed') {
    const words = wordsFor(error ?? 'app.unexpected')
    return (
      <p className="problem">
        {words.title} {words.next}
      </p>
    )
  }
  const share = of === 0 ? 0 : Math.min(1, chunks / of)
  const words = `${DOING[transfer]}: ${formatBytes(size * share)} of ${formatBytes(size)}`
  return (
    <div className="file-progress">
      <div className="grow">
        <div
          className="bar"
          role="progressbar"
          aria-label={`Progress of ${name}`}
          aria-valuetext={words}
          aria-valuenow={Math.round(share * 100)}
          aria-valuemin={0}
          aria-valuemax={100}
        >
          <i style={{ inlineSize: `${(share * 100).toFixed(1)}%` }} />
        </div>
        <p className="small num">{words}</p>
      </div>
      <button
        type="button"
        className="btn slim plain"
        disabled={action.running}
        onClick={() => void action.run((cairn) => cairn.spaces.cancelFile(space, id))}
      >
        Pause<span className="hidden-text"> {name}</span>
      </button>
    </div>
  )
}
