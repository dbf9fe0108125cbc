import { createServer, request } from 'node:http'
import { closeServer, listen } from './network.mjs'

/**
 * A proxy in front of the real PDS that keeps a log of requests and breaks chosen answers.
 *
 * A fault is `{ match, kind, times?, after?, status?, body?, rate?, did? }`:
 * - `match`: a part of the path and query that it applies to;
 * - `times`: how many answers it breaks, all when absent;
 * - `cut` closes the socket after `after` body bytes; `stall` sends `after` bytes, then nothing until
 *   the faults are cleared; `hold` does not even answer until then; `garbage` replaces the body from
 *   byte `after` on by noise; `status` answers `status` with the JSON `body`; `throttle` sends `rate`
 *   bytes a second; `swap` asks for the repo of `did` instead.
 */
export async function startFaultProxy() {
  let target = 0
  let faults = []
  let log = []
  const held = new Set()
  const sockets = new Set()
  let browsersListen = false

  const server = createServer((req, res) => {
    const path = req.url ?? '/'
    const fault = take(path)
    const entry = { method: req.method ?? 'GET', path, status: 0, bytes: 0, fault: fault?.kind }
    if (req.method !== 'OPTIONS') log.push(entry)
    forward(req, res, fault, entry)
  })

  // Event streams pass as they are; those of browsers only where a test wants that: else news would come to
  // each page by itself.
  server.on('upgrade', (req, socket, head) => {
    if (req.headers.origin !== undefined && !browsersListen) return socket.destroy()
    const { method, headers } = req
    const upstream = request({ host: '127.0.0.1', port: target, path: req.url, method, headers })
    upstream.on('upgrade', (answer, other, rest) => {
      const lines = answer.rawHeaders.flatMap((name, i, all) => (i % 2 ? [] : [`${name}: ${all[i + 1]}`]))
      socket.write(['HTTP/1.1 101 Switching Protocols', ...lines, '', ''].join('\r\n'))
      socket.write(rest)
      other.write(head)
      for (const [from, to] of [
        [socket, other],
        [other, socket],
      ]) {
        sockets.add(from)
        from.pipe(to)
        from.on('error', () => to.destroy())
        from.on('close', () => {
          sockets.delete(from)
          to.destroy()
        })
      }
    })
    upstream.on('response', () => socket.destroy())
    upstream.on('error', () => socket.destroy())
    upstream.end()
  })

  function take(path) {
    const fault = faults.find((one) => path.includes(one.match) && one.times !== 0)
    if (fault?.times !== undefined) fault.times--
    return fault
  }

  function forward(req, res, fault, entry) {
    if (fault?.kind === 'status') {
      entry.status = fault.status
      res.writeHead(fault.status, { 'content-type': 'application/json', 'access-control-allow-origin': '*' })
      res.end(JSON.stringify(fault.body ?? {}))
      return
    }
    const headers = { ...req.headers }
    // byte positions of a fault count the bytes of the body itself
    if (fault !== undefined) delete headers['accept-encoding']
    const path =
      fault?.kind === 'swap'
        ? entry.path.replace(/did=[^&]+/, `did=${encodeURIComponent(fault.did)}`)
        : entry.path
    const upstream = request(
      { host: '127.0.0.1', port: target, path, method: req.method, headers },
      (answer) => {
        const open = () => {
          entry.status = answer.statusCode ?? 502
          res.writeHead(entry.status, answer.headers)
          // ends by itself, and never rejects
          void pump(answer, res, fault, entry)
        }
        if (fault?.kind === 'hold') held.add(open)
        else open()
      },
    )
    upstream.on('error', () => res.destroy())
    res.on('close', () => upstream.destroy())
    req.pipe(upstream)
  }

  async function pump(answer, res, fault, entry) {
    try {
      for await (const chunk of answer) {
        const bytes = fault === undefined ? chunk : breakChunk(chunk, fault, entry.bytes)
        if (fault?.kind === 'throttle') await drip(res, bytes, fault.rate, entry)
        else {
          entry.bytes += bytes.length
          if (bytes.length > 0 && !res.write(bytes))
            await new Promise((go) => res.once('drain', go).once('close', go))
        }
        if (res.destroyed) return
        if (bytes.length < chunk.length) return await stop(res, fault)
      }
      // an answer that is all in its head
      if (fault?.kind === 'cut' && (fault.after ?? 0) === 0) return await stop(res, fault)
      res.end()
    } catch {
      res.destroy()
    }
  }

  /** What is let through of a chunk that starts at body byte `at`; less than all of it ends the answer. */
  function breakChunk(chunk, fault, at) {
    const after = fault.after ?? 0
    if (fault.kind === 'cut' || fault.kind === 'stall') return chunk.subarray(0, Math.max(0, after - at))
    if (fault.kind !== 'garbage') return chunk
    const copy = Buffer.from(chunk)
    for (let i = Math.max(0, after - at); i < copy.length; i++) copy[i] = (copy[i] * 31 + i * 7 + 13) & 255
    return copy
  }

  async function drip(res, bytes, rate, entry) {
    // twenty steps a second, each at least a byte
    const step = Math.max(1, Math.floor(rate / 20))
    for (let from = 0; from < bytes.length && !res.destroyed; from += step) {
      const part = bytes.subarray(from, from + step)
      res.write(part)
      entry.bytes += part.length
      await new Promise((go) => setTimeout(go, 50))
    }
  }

  async function stop(res, fault) {
    if (fault.kind === 'cut') {
      // let what was written leave before the socket goes
      await new Promise((go) => setImmediate(go))
      res.socket?.destroySoon()
      return
    }
    held.add(() => res.destroy())
  }

  function release() {
    for (const go of held) go()
    held.clear()
  }

  const port = await listen(server)
  return {
    port,
    url: `http://localhost:${port}`,
    forwardTo: (value) => (target = value),
    setFaults(list) {
      release()
      faults = list.map((one) => ({ ...one }))
    },
    requests: (match = '') => log.filter((entry) => entry.path.includes(match)),
    forget: () => (log = []),
    /** Lets pages follow event streams, or breaks those that they follow. */
    setStreams({ open }) {
      browsersListen = open
      if (!open) for (const socket of sockets) socket.destroy()
    },
    /** Nothing listens any more, as when the machine is off. */
    async stop() {
      release()
      for (const socket of sockets) socket.destroy()
      if (server.listening) await closeServer(server)
    },
    async start() {
      if (!server.listening) await listen(server, port)
    },
  }
}
