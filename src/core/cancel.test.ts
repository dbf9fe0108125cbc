import { describe, expect, it } from 'vitest'
import { CANCELLED, throwIfCancelled } from './cancel.ts'
import { hasCode } from './errors.ts'

describe('throwIfCancelled', () => {
  it('does nothing without a signal or before it is aborted', () => {
    expect(() => throwIfCancelled(undefined)).not.toThrow()
    expect(() => throwIfCancelled(new AbortController().signal)).not.toThrow()
  })

  it('throws the typed error with the reason as its cause', () => {
    const control = new AbortController()
    control.abort('closed')
    let caught: unknown
    try {
      throwIfCancelled(control.signal)
    } catch (error) {
      caught = error
    }
    expect(hasCode(caught, CANCELLED)).toBe(true)
    expect(caught).toMatchObject({ cause: 'closed' })
  })
})
