import { describe, expect, it } from 'vitest'
import { endpointProblem } from './endpoint-check.ts'

describe('endpoints', () => {
  it('takes secure public addresses, and local ones when allowed', () => {
    expect(endpointProblem('https://plc.directory', false, false)).toBeUndefined()
    expect(endpointProblem('  https://dns.example/resolve ', false, false)).toBeUndefined()
    for (const local of [
      'http://localhost:2582',
      'http://127.0.0.1:1',
      'https://192.168.1.4',
      'http://[::1]:80',
      'http://pds.local',
    ]) {
      expect(endpointProblem(local, true, false), local).toBeUndefined()
      expect(endpointProblem(local, false, false), local).toMatch(/this machine or network/)
    }
  })

  it('refuses the rest with a sentence', () => {
    for (const bad of [
      'plc.directory',
      'ftp://x.example',
      'http://plc.directory',
      'https://me:secret@x.example',
      'javascript:1',
    ]) {
      expect(endpointProblem(bad, true, false), bad).toMatch(/^[A-Z].+/)
    }
    expect(endpointProblem('', false, false)).toMatch(/needed/)
    expect(endpointProblem('', false, true)).toBeUndefined()
  })
})
