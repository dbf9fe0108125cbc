import type { Plan } from '../../../cairn/api.ts'
import { findingSentence, STEP_WORDS } from '../../words/moving-steps.ts'

const LEVEL = { fine: 'Fine', warn: 'Mind', stop: 'In the way' } as const
const TONE = { fine: 'pill', warn: 'pill behind', stop: 'pill bad' } as const

/** What a look ahead found, and every step that there would be. */
export function PlanList({ plan }: { readonly plan: Plan }) {
  return (
    <div className="stack" role="region" aria-label="What would happen">
      <ul className="findings">
        {plan.findings.map((finding) => (
          <li key={finding.code} className="line">
            <span className={TONE[finding.level]}>{LEVEL[finding.level]}</span>
            <span className="grow">{findingSentence(finding)}</span>
          </li>
        ))}
      </ul>
      <details className="more">
        <summary>Every step</summary>
        <ol className="steps">
          {plan.steps.map((name) => (
            <li key={name}>
              <span className="strong">{STEP_WORDS[name].title}.</span> {STEP_WORDS[name].why}
            </li>
          ))}
        </ol>
      </details>
      <p className="small" role="status">
        {plan.ready
          ? 'Nothing is in the way. So far nothing was changed at any server.'
          : 'Something is in the way. Nothing was changed at any server.'}
      </p>
    </div>
  )
}
