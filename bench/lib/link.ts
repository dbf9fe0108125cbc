import { createServer, connect, type AddressInfo, type Socket } from 'node:net'

/** What a line between a browser and servers lets through. */
export interface Line {
  /** there and back, ms */
  readonly roundTripMs: number
  /** either way, all connections together, Mbit/s */
  readonly mbits: number
}

/** Stands before servers of this machine, and is as slow as a line when it is told to be. */
export interface Link {
  /** An origin that leads to another. */
  to(origin: string): Promise<string>
  /** From now on, for what comes from now on; undefined: nothing is held back. */
  become(line: Line | undefined): void
  close(): Promise<void>
}

/** What a connection holds back at most, bytes: what is more waits at its sender, as in a network. */
const HELD = 256 * 1024
/** Goes at once, bytes: ten packets. */
const PIECE = 14_600

/**
 * A line by hand: each piece is due when those before it have gone through at the line's rate, and half a round trip
 * later it arrives. Making a connection costs nothing, other than in a network, and nothing is ever lost.
 */
export function createLink(): Link {
  let line: Line | undefined
  const open = new Set<Socket>()
  const closes: (() => Promise<void>)[] = []
  /** When the last piece will have gone through, each way, ms. */
  const free = { up: 0, down: 0 }

  const hand = (from: Socket, to: Socket, way: 'up' | 'down'): void => {
    let held = 0
    /** In the order in which they came, whatever becomes of the line meanwhile. */
    const due: { readonly at: number; readonly run: () => void }[] = []
    const deliver = (): void => {
      for (let next = due[0]; next !== undefined; next = due[0]) {
        const ms = next.at - performance.now()
        if (ms > 0) {
          setTimeout(deliver, ms)
          return
        }
        due.shift()
        next.run()
      }
    }
    const later = (at: number, run: () => void): void => {
      due.push({ at, run })
      if (due.length === 1) deliver()
    }
    from.on('data', (data: Buffer) => {
      for (let at = 0; at < data.length; at += PIECE) {
        const piece = data.subarray(at, at + PIECE)
        const now = performance.now()
        free[way] =
          line === undefined ? now : Math.max(free[way], now) + (piece.length * 8) / (line.mbits * 1000)
        held += piece.length
        later(free[way] + (line?.roundTripMs ?? 0) / 2, () => {
          held -= piece.length
          to.write(piece)
          if (held <= HELD) from.resume()
        })
      }
      if (held > HELD) from.pause()
    })
    from.on('end', () => later(0, () => to.end()))
    from.on('error', () => to.destroy())
    from.on('close', () => {
      open.delete(from)
      if (!from.readableEnded) to.destroy()
    })
    open.add(from)
  }

  return {
    async to(origin) {
      const port = Number(new URL(origin).port)
      const server = createServer((near) => {
        const far = connect({ port, host: '127.0.0.1', noDelay: true })
        near.setNoDelay(true)
        hand(near, far, 'up')
        hand(far, near, 'down')
      })
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve)
      })
      closes.push(
        () =>
          new Promise((resolve) => {
            server.close(() => resolve())
          }),
      )
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // listening on TCP
    },
    become(next) {
      line = next
      free.up = 0
      free.down = 0
    },
    async close() {
      const closing = closes.map((close) => close())
      for (const socket of open) socket.destroy()
      await Promise.all(closing)
    },
  }
}
