import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Taken } from '../pages/replica/protocol.ts'
import type { Replica } from './replica.ts'

/** A bare data channel between the two pages. */
export async function bareRtc(sender: Replica, receiver: Replica, bytes: number): Promise<Taken> {
  const offer = await receiver.call('rtcOffer', undefined)
  const answer = await sender.call('rtcAnswer', { offer, bytes })
  return receiver.call('rtcReceive', { answer, bytes })
}

/** Two bare WebSockets, and a process that hands on what one sends to the other. */
export async function bareSocket(sender: Replica, receiver: Replica, bytes: number): Promise<Taken> {
  const forwarder = spawn(process.execPath, [join(import.meta.dirname, 'forwarder.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const port = await new Promise<string>((resolve) => {
      forwarder.stdout.once('data', (line: Buffer) => resolve(String(line).trim()))
    })
    const url = `ws://127.0.0.1:${port}/`
    await sender.call('socketSend', { url, bytes })
    return await receiver.call('socketReceive', { url, bytes })
  } finally {
    forwarder.kill()
  }
}
