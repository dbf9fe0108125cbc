import { useMemo } from 'react'
import type { FieldVersion } from '../../../cairn/api.ts'
import { Loading } from '../../components/bits.tsx'
import { closeDialog, Dialog } from '../../components/dialog.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { formatDayTime } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { useHere } from '../../spaces/here.ts'
import { kindWord } from '../../spaces/items.ts'
import { aboutItems } from '../../spaces/reads.ts'
import { FIELD_WORDS, fieldValueWords } from '../../spaces/field-words.ts'

interface HistoryDialogProps {
  /** `{kind}/{id}` */
  readonly item: string
  readonly onClose: () => void
}

/** What an item was before, by whom, and a way back to it. */
export function HistoryDialog({ item, onClose }: HistoryDialogProps) {
  const { space, canWrite, nameOf } = useHere()
  const { value: versions, error } = useLive(
    `history ${space} ${item}`,
    (cairn) => cairn.spaces.history(space, item),
    aboutItems(space, (each) => each === item),
  )
  const action = useAction()
  const steps = useMemo(() => stepsOf(versions ?? []), [versions])
  const restore = (counter: number) =>
    void action.run((cairn) => cairn.spaces.restore(space, item, counter)).then((done) => done && onClose())
  return (
    <Dialog title={`History of this ${kindWord(item).toLowerCase()}`} onClose={onClose}>
      <div className="stack">
        {error !== undefined && versions === undefined && <ErrorNote error={error} />}
        {versions === undefined && error === undefined && <Loading label="Reading the history" />}
        {versions !== undefined && steps.length === 0 && (
          <p>No earlier version is kept. Those of the next changes will be.</p>
        )}
        <ol className="history">
          {steps.map((step, index) => (
            <li key={`${step.counter} ${step.by}`}>
              <p className="small">
                <bdi className="strong">{nameOf(step.by)}</bdi>, {formatDayTime(step.at)}
                {index === 0 && <span className="pill quiet">as it is now</span>}
              </p>
              <dl className="kv history-fields">
                {step.fields.map((version) => (
                  <div key={version.field} className="kv-row">
                    <dt>{FIELD_WORDS[version.field] ?? version.field}</dt>
                    <dd dir="auto">{fieldValueWords(version, nameOf)}</dd>
                  </div>
                ))}
              </dl>
              {index > 0 && canWrite && (
                <button
                  type="button"
                  className="btn slim"
                  disabled={action.running}
                  onClick={() => restore(step.counter)}
                >
                  Bring this back<span className="hidden-text"> from {formatDayTime(step.at)}</span>
                </button>
              )}
            </li>
          ))}
        </ol>
        {action.error !== undefined && <ErrorNote error={action.error} />}
        <div className="line">
          <button type="button" className="btn" onClick={closeDialog}>
            Close
          </button>
        </div>
      </div>
    </Dialog>
  )
}

interface Step {
  readonly counter: number
  readonly by: string
  readonly at: number
  readonly fields: readonly FieldVersion[]
}

/** Fields that were changed in one go belong to one step; newest first. */
function stepsOf(versions: readonly FieldVersion[]): readonly Step[] {
  const steps = new Map<string, Step & { readonly fields: FieldVersion[] }>()
  for (const version of versions) {
    const key = `${version.counter} ${version.device}`
    const known = steps.get(key)
    if (known === undefined)
      steps.set(key, { counter: version.counter, by: version.by, at: version.at, fields: [version] })
    else known.fields.push(version)
  }
  return [...steps.values()].sort((a, b) => b.counter - a.counter)
}
