import { describe, expect, it } from 'vitest'
import { createPins } from './pins.ts'

const HOUR = 60 * 60_000

describe('a pin', () => {
  it('lasts an hour from the last request', () => {
    let now = 0
    const pins = createPins({ now: () => now })
    pins.pin('did:plc:a', '1')
    now += HOUR - 1
    expect(pins.holds('did:plc:a', '1')).toBe(true)
    expect(pins.holds('did:plc:a', '2')).toBe(false)
    pins.pin('did:plc:a', '1')
    now += HOUR - 1
    expect(pins.holds('did:plc:a', '1')).toBe(true)
    now++
    expect(pins.holds('did:plc:a', '1')).toBe(false)
  })

  it('lasts no longer for a clock that was ahead, and keeps none from going', () => {
    let now = 1000 * HOUR
    const pins = createPins({ now: () => now })
    pins.pin('did:plc:a', 'ahead')
    now = HOUR
    expect(pins.holds('did:plc:a', 'ahead')).toBe(false)
    pins.pin('did:plc:a', '1')
    expect(pins.holds('did:plc:a', '1')).toBe(true)
  })
})
