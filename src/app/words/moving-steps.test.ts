import { describe, expect, it } from 'vitest'
import type { Finding, FindingCode } from '../../cairn/api.ts'
import { STEPS } from '../../sync/moving/model.ts'
import { MOVE } from '../testing/story-moving.ts'
import { findingSentence, moveReport, STEP_WORDS, stepResult } from './moving-steps.ts'

/** The compiler holds this to all there are. */
const CODES: Readonly<Record<FindingCode, true>> = {
  copy: true,
  'copy-none': true,
  'copy-wrong': true,
  blobs: true,
  'blobs-lacking': true,
  server: true,
  'server-failed': true,
  'server-same': true,
  'server-phone': true,
  'account-there': true,
  invite: true,
  handle: true,
  'handle-taken': true,
  'handle-foreign': true,
  email: true,
  session: true,
  'session-lacking': true,
  'settings-lacking': true,
  key: true,
  'key-not-given': true,
  'key-wrong': true,
  'key-overrules': true,
  'key-below': true,
  'keys-full': true,
  document: true,
  'old-answers': true,
  private: true,
  'private-none': true,
}

describe('words of a move', () => {
  it('say every finding in a sentence, whatever its fields are', () => {
    for (const code of Object.keys(CODES) as FindingCode[]) {
      for (const fields of [
        {},
        { host: 'x.example', problem: 'moving.wrong-key', handle: 'a.example', count: 2 },
      ]) {
        const finding: Finding = { code, level: 'warn', fields }
        expect(findingSentence(finding), code).toMatch(/^[A-Zx0-9].*\.$/)
        expect(findingSentence(finding), code).not.toMatch(/undefined|NaN|Invalid/)
      }
    }
  })

  it('name every step of both ways, and what it has done', () => {
    for (const name of [...STEPS.move, ...STEPS.rescue]) {
      expect(STEP_WORDS[name].title.length, name).toBeGreaterThan(4)
      const step = { name, state: 'done', at: 1, facts: {}, error: undefined, progress: undefined } as const
      expect(stepResult(step) ?? 'Fine.', name).toMatch(/^[A-Z0-9].*\.$/)
      expect(stepResult({ ...step, facts: { problem: 'pds.network' } }) ?? 'Fine.', name).toMatch(/\.$/)
    }
  })

  it('say which of what is beside the repo was put back, and which could not be', () => {
    const said = (facts: Record<string, string | number>) =>
      stepResult({ name: 'mutes', state: 'done', at: 1, facts, error: undefined, progress: undefined })
    expect(said({ made: 3, stayed: 120 })).toBe('3 made again, 120 had stayed.')
    expect(said({ made: 1, stayed: 0, problem: 'pds.network', failed: 'mutes drafts' })).toMatch(
      /^1 made again, 0 had stayed\. Muted accounts, Drafts could not be/,
    )
    expect(said({ made: 0, stayed: 0, problem: 'pds.network', failed: 'mutes' })).toMatch(
      /^Muted accounts could/,
    )
  })

  it('make a report that says what was done, what failed, and what no export holds', () => {
    const steps = MOVE.steps.map((step) =>
      step.name === 'identity'
        ? { ...step, state: 'failed' as const, error: { code: 'moving.code-wrong', fields: {} } }
        : step,
    )
    const report = moveReport({ ...MOVE, steps })
    expect(report).toContain(MOVE.did)
    expect(report).toContain('moving.code-wrong')
    expect(report).toContain('Direct messages')
    expect(report).not.toMatch(/undefined|\[object/)
  })
})
