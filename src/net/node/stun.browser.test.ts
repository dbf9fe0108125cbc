import { describe, expect, it } from 'vitest'
import { isStunServer } from './stun.ts'

describe('what passes for a STUN server', () => {
  it.each([
    'stun:stun.example.org',
    'stun:stun.example.org:3478',
    'stuns:stun.example.org:5349',
    'stun:192.0.2.1:3478',
    'stun:[2001:db8::1]:3478',
    'stun:localhost:65535',
    'stun:under_score.example:1',
    'stun:ends.with.dot.:1',
    'stun:-.example:1',
    'stun:0x7f.1:1',
    'stun:STUN.Example.Org',
  ])('is one that the browser takes: %s', (server) => {
    expect(isStunServer(server)).toBe(true)
    new RTCPeerConnection({ iceServers: [{ urls: [server] }] }).close()
  })

  it.each([
    '',
    'stun:',
    'stun.example.org',
    'turn:turn.example.org:3478',
    'https://stun.example.org',
    'stun://stun.example.org',
    'stun:user@stun.example.org:3478',
    'stun:stun.example.org/path',
    'stun:stun.example.org?transport=udp',
    'stun:stun.example.org:0',
    'stun:stun.example.org:65536',
    'stun:stun.example.org:1:2',
    'stun:[2001:db8:::1]:3478',
    'stun:2001:db8::1',
    'stun:a b',
    `stun:${'a'.repeat(300)}`,
  ])('is not %s', (server) => {
    expect(isStunServer(server)).toBe(false)
  })
})
