import { createManualTimers, type ManualTimers } from '../../../pds/testing/timers.ts'
import type { Role } from '../../members/model.ts'
import { randomFrom, type TestDevice } from '../../testing/kit.ts'
import type { PresentText, RefusedWord, SpacePresence } from '../model.ts'
import { createPresence } from '../presence.ts'

export const space = 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/space/app.cairn.group/main'
export const epochOf = (fill: number) => ({
  name: fill.toString(16).padStart(2, '0').repeat(32),
  key: new Uint8Array(32).fill(fill + 100),
})

/** Who is in the space, under which epochs, and one time that all share. */
export interface Room {
  readonly timers: ManualTimers
  readonly roles: Map<string, Role>
  epochs: readonly { readonly name: string; readonly key: Uint8Array }[]
}

export const createTestRoom = (): Room => ({
  timers: createManualTimers(),
  roles: new Map(),
  epochs: [epochOf(1)],
})

export interface Member extends SpacePresence {
  readonly device: TestDevice
  readonly refused: readonly RefusedWord[]
  readonly texts: readonly PresentText[]
  readonly changes: () => number
  /** The next payload that it has not been asked for. */
  next(): Promise<string>
  /** Payloads that were sent and not asked for. */
  readonly unread: () => number
  /** Its newest epochs, where they are not the room's. */
  epochs: Room['epochs'] | undefined
}

let seed = 100

/** One device's presence. `apartMs` is by how much its clock is wrong. */
export function createMember(room: Room, device: TestDevice, role: Role, apartMs = 0): Member {
  const sent: string[] = []
  const waiting: ((payload: string) => void)[] = []
  const refused: RefusedWord[] = []
  const texts: PresentText[] = []
  let changes = 0
  room.roles.set(device.id, role)
  const presence = createPresence({
    space,
    signer: device,
    epochs: () => member.epochs ?? room.epochs,
    roleOf: (it) => room.roles.get(it) ?? 'none',
    send(payload) {
      const waiter = waiting.shift()
      if (waiter === undefined) sent.push(payload)
      else waiter(payload)
    },
    timers: room.timers,
    clock: { now: () => room.timers.clock.now() + apartMs },
    random: randomFrom(seed++),
    onChange: () => {
      changes += 1
    },
    onText: (text) => texts.push(text),
    onRefused: (it) => refused.push(it),
  })
  const member: Member = {
    ...presence,
    ...{ device, refused, texts, epochs: undefined },
    changes: () => changes,
    unread: () => sent.length,
    next: () =>
      new Promise((done) => {
        const payload = sent.shift()
        if (payload === undefined) waiting.push(done)
        else done(payload)
      }),
  }
  return member
}
