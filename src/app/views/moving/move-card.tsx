import { useState } from 'react'
import type { Move, MoveStep } from '../../../cairn/api.ts'
import { Confirm } from '../../components/confirm.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { hostOf } from '../../lib/accounts.ts'
import { downloadBytes } from '../../lib/download.ts'
import { useAction } from '../../lib/engine-context.ts'
import { formatNumber } from '../../lib/format.ts'
import { moveReport, NEVER_MOVED, STEP_WORDS, stepResult } from '../../words/moving-steps.ts'
import { SignInForm } from '../account/sign-in-form.tsx'
import { Needs } from './needs.tsx'

/** A move that has begun: each step with its state, what it waits for, and its report at the end. */
export function MoveCard({ move }: { readonly move: Move }) {
  const { did, kind, to, endedAt, running, waits, steps } = move
  const go = useAction()
  const failed = steps.find(({ error }) => error !== undefined)
  const canGoOn = !running && endedAt === undefined && waits === undefined
  const report = () => downloadBytes(new Blob([moveReport(move)]), 'cairn-move.txt')
  return (
    <section className="card pad setting" aria-labelledby="mv-move">
      <div>
        <h2 id="mv-move">
          {endedAt === undefined ? `On the way to ${hostOf(to)}` : `Your account is at ${hostOf(to)}`}
        </h2>
        <p className="small">
          {endedAt === undefined
            ? 'You can close this at any time and go on later: each step is noted when it is done.'
            : `It is called @${move.newHandle} there. ${NEVER_MOVED}`}
        </p>
      </div>
      <div className="stack">
        <ol className="steps">
          {steps.map((step) => (
            <Step key={step.name} step={step} />
          ))}
        </ol>
        {failed?.error !== undefined && (
          <ErrorNote error={failed.error}>
            {failed.error.code === 'moving.blobs-lacking' && (
              <button
                type="button"
                className="btn slim"
                onClick={() =>
                  void go.run(async (cairn) => {
                    await cairn.moving.withoutBlobs(did)
                    await cairn.moving.go(did, {})
                  })
                }
              >
                Go on without them
              </button>
            )}
          </ErrorNote>
        )}
        {failed?.error?.code.startsWith('account.') === true && kind === 'move' && (
          <SignInForm who={did} needs={['move', 'preferences']} />
        )}
        {waits !== undefined && <Needs key={waits.for} did={did} waits={waits} isPlcMove={kind === 'move'} />}
        {go.error !== undefined && <ErrorNote error={go.error} />}
        <div className="line">
          {canGoOn && (
            <button
              type="button"
              className="btn go"
              disabled={go.running}
              onClick={() => void go.run((cairn) => cairn.moving.go(did, {}))}
            >
              {failed === undefined ? 'Go on' : 'Try again'}
            </button>
          )}
          {running && (
            <button
              type="button"
              className="btn"
              onClick={() => void go.run((cairn) => cairn.moving.stop(did))}
            >
              Pause
            </button>
          )}
          <button type="button" className="btn" onClick={report}>
            Save the report
          </button>
          {!running && <GiveUp move={move} />}
        </div>
        {endedAt !== undefined && (
          <details className="more">
            <summary>Sign in at the new server</summary>
            <SignInForm who={did} needs={['write']} />
          </details>
        )}
      </div>
    </section>
  )
}

const STATE = { todo: 'Not yet', running: 'At it', done: 'Done', failed: 'Stopped' } as const
const TONE = { todo: 'pill quiet', running: 'pill behind', done: 'pill', failed: 'pill bad' } as const

function Step({ step }: { readonly step: MoveStep }) {
  const { name, state, progress } = step
  const { title, why } = STEP_WORDS[name]
  return (
    <li className="step" aria-current={state === 'running' ? 'step' : undefined}>
      <span className={TONE[state]}>{STATE[state]}</span>
      <div>
        <p className="strong">{title}</p>
        <p className="small">{stepResult(step) ?? why}</p>
        {progress !== undefined && progress.total > 0 && (
          <p className="small num">
            {formatNumber(progress.done)} of {formatNumber(progress.total)}
          </p>
        )}
      </div>
    </li>
  )
}

/** Before the identity has changed nothing is lost by it; after that, what is left to do would be. */
function GiveUp({ move }: { readonly move: Move }) {
  const [asking, setAsking] = useState(false)
  const forget = useAction()
  const { did, endedAt, steps } = move
  if (endedAt !== undefined) {
    return (
      <button
        type="button"
        className="btn plain"
        onClick={() => void forget.run((cairn) => cairn.moving.forget(did))}
      >
        Put this away
      </button>
    )
  }
  return (
    <>
      <button type="button" className="btn plain" onClick={() => setAsking(true)}>
        Give the move up
      </button>
      {asking && (
        <Confirm
          title="Give this move up?"
          confirm="Give it up"
          cancel="Go on with it"
          busy={forget.running}
          error={forget.error}
          onClose={() => setAsking(false)}
          onConfirm={() =>
            void forget.run((cairn) => cairn.moving.forget(did)).then((done) => done && setAsking(false))
          }
        >
          <p>{withoutTheRest(steps)}</p>
        </Confirm>
      )}
    </>
  )
}

function withoutTheRest(steps: readonly MoveStep[]): string {
  const done = new Set(steps.filter(({ state }) => state === 'done').map(({ name }) => name))
  if (done.has('activate'))
    return 'The account is at its new server, and awake. What is left to do would not be done.'
  if (done.has('identity'))
    return 'The identity has changed already, and at its new server the account sleeps: going on with the move is what wakes it.'
  if (done.has('claim'))
    return 'The identity has changed already. What is left to do would not be done, and has to be begun anew.'
  return 'The account is where it was. At the new server a sleeping account may be left, which does no harm.'
}
