import { describe, expect, it } from 'vitest'
import { readNetworkSettings } from '../../cairn/network/settings.ts'
import { DEFAULT_STUN } from '../../cairn/network-model.ts'
import type { Storage } from '../../storage/port.ts'
import { stunProblem } from './stun-check.ts'

describe('STUN servers', () => {
  it('are taken in the form that connections need', () => {
    expect(stunProblem([])).toBeUndefined()
    expect(stunProblem([DEFAULT_STUN, 'stuns:stun.example.org:5349'])).toBeUndefined()
    for (const wrong of ['stun.example.org', 'https://stun.example.org', 'stun:', 'stun:a/b', 'turn:x:1'])
      expect(stunProblem([wrong]), wrong).toMatch(/no STUN server/)
    expect(stunProblem(Array.from({ length: 7 }, (_, index) => `stun:s${index}:1`))).toMatch(/At most/)
  })

  it('are by default what the screen says', async () => {
    // a fresh device: nothing is read but this
    const empty = { get: async () => undefined } as unknown as Storage
    expect((await readNetworkSettings(empty)).stun).toEqual([DEFAULT_STUN])
  })
})
