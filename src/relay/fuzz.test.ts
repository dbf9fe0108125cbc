import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { Connection } from '@libp2p/interface'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeBinary } from '../../scripts/lib/run.mjs'
import { CODEC_DAG_CBOR, cidString } from '../core/cid.ts'
import { joinBytes } from '../repo/testing/car.ts'
import { generateRepo } from '../repo/testing/generate.ts'
import { createPrng } from '../repo/testing/prng.ts'
import { mutateBytes } from './testing/mutations.ts'
import { frame, rawPeer } from './testing/raw-peer.ts'
import { addressOf, createStarted } from './testing/relays.ts'
import { samplesOf } from './testing/samples.ts'

/** Attempts at each entry; more to look for what a short run does not find. */
const ROUNDS = Number(process.env['FUZZ_ROUNDS'] ?? 40)
const SEED = process.env['FUZZ_SEED'] ?? 'strangers'
/** What the process may take, bytes: no input here is a megabyte. */
const MOST_MEMORY = 700 * 1024 * 1024

/** Nothing is said back in these, or at all. */
const SILENT: ReadonlySet<string> = new Set(['/ipfs/id/push/1.0.0', '/nobody/speaks/this/1.0.0'])

const folder = mkdtempSync(join(tmpdir(), 'cairn-fuzz-'))
const started = createStarted()
const repo = generateRepo({ seed: 'fuzz', records: 50 })
const commit = cidString(CODEC_DAG_CBOR, repo.commit.subarray(4))
let relay: ReturnType<typeof program>
let err: Promise<string>
let url = ''

function program(...args: string[]) {
  return spawn(nodeBinary(), [join(process.cwd(), 'src/relay/cli.ts'), ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CAIRN_DATA: '', CAIRN_TOKEN: '', PORT: '', HOST: '' },
  })
}

beforeAll(async () => {
  writeFileSync(join(folder, 'repo.car'), joinBytes(repo.car()))
  // Without a PDS nobody is asked for its blobs.
  writeFileSync(join(folder, 'did.json'), JSON.stringify({ ...repo.didDocument, service: [] }))
  const nowhere = ['--plc', 'http://127.0.0.1:9', '--allow-local', '--data', 'data']
  await once(program('keep', 'repo.car', '--did-doc', 'did.json', ...nowhere), 'close')
  const limits = [
    'requestsPerMinutePerAddress',
    'connectsPerMinutePerAddress',
    'fileRequestsPerMinutePerAddress',
  ]
  relay = program(
    ...['serve', '--no-app', '--port', '0', '--log', 'warn', ...nowhere],
    ...limits.flatMap((limit) => ['--limit', `${limit}=1000000`]),
  )
  err = text(relay.stderr)
  url = await new Promise<string>((resolve) => createInterface(relay.stdout).once('line', resolve))
}, 60_000)

afterAll(async () => {
  await started.close()
  relay.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** It lives, answers others, and holds no more than it should. */
async function expectWell(): Promise<void> {
  expect([relay.exitCode, relay.signalCode]).toEqual([null, null])
  expect((await fetch(new URL('healthz', url))).status).toBe(200)
  const kept = await fetch(new URL(`xrpc/com.atproto.sync.getLatestCommit?did=${repo.did}`, url))
  expect(kept.status).toBe(200)
  const metrics = await (await fetch(new URL('metrics', url))).text()
  expect(Number(/^process_resident_memory_bytes (\S+)/m.exec(metrics)?.[1])).toBeLessThan(MOST_MEMORY)
}

/** Sends bytes to the port and gives the first line of what comes back; none when the connection was ended. */
async function tell(bytes: Uint8Array): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const parts: Buffer[] = []
  // A reset is an answer too.
  socket.on('error', () => {})
  socket.on('data', (part: Buffer) => {
    parts.push(part)
    socket.end()
  })
  socket.write(bytes)
  socket.setTimeout(300, () => socket.destroy())
  await once(socket, 'close')
  return Buffer.concat(parts).toString('latin1').split('\r\n', 1)[0] ?? ''
}

describe('whatever strangers send, a relay goes on', () => {
  it('over HTTP', async () => {
    const prng = createPrng(`${SEED}/http`)
    const place = 'a'.repeat(64)
    const id = '0'.repeat(32)
    const did = repo.did
    const targets = [
      ...[
        '/',
        '/relay.json',
        '/metrics',
        '/healthz',
        '/assets/x',
        '//',
        '/%2e%2e/%2e%2e/etc/passwd',
        '/%',
        '*',
      ],
      ...[
        '/sync',
        '/sync/chunks/x?scopes=%7B%22repo%22%3A%22a%22%7D',
        '/sync/uploads',
        `/sync/uploads/${id}`,
      ],
      ...[`/join/${place}`, `/join/${place}?fetched=1`, '/oauth/client-metadata.json'],
      ...['getRepo', 'getLatestCommit', 'getRepoStatus', 'listBlobs'].map(
        (it) => `/xrpc/com.atproto.sync.${it}?did=${did}`,
      ),
      `/xrpc/com.atproto.sync.getRecord?did=${did}&collection=app.bsky.feed.post&rkey=x`,
      `/xrpc/com.atproto.sync.getBlob?did=${did}&cid=${commit}`,
      `/xrpc/com.atproto.sync.listRepos?limit=5&cursor=x`,
      `/xrpc/com.atproto.repo.listRecords?repo=${did}&collection=app.bsky.feed.post&cursor=3&reverse=true`,
      `/xrpc/com.atproto.repo.describeRepo?repo=${did}`,
    ]
    const headers = [
      ...[
        'Host: localhost',
        'Host: [::1',
        'X-Forwarded-For: 1.2.3.4',
        'X-Forwarded-For: ::%',
        'Range: bytes=0-',
      ],
      ...[
        'Content-Type: application/json',
        'Content-Type: application/offset+octet-stream',
        'Upload-Offset: 0',
      ],
      ...[
        `X-Cairn-Owner: ${place}`,
        'X-Cairn-Kind: capability',
        'X-Cairn-Uses: 1',
        'X-Cairn-Expires: 99999999999999',
      ],
      ...['Content-Length: 5', 'Content-Length: -1', 'Transfer-Encoding: chunked', 'Expect: 100-continue'],
      ...['Accept-Encoding: gzip;q=0, *', 'If-None-Match: *', 'Connection: Upgrade', 'Upgrade: websocket'],
      ...[
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Origin: null',
        'Cookie: a',
      ],
      'Access-Control-Request-Headers: \u00ff, x',
    ]
    const bodies = [
      '',
      '{}',
      '5\r\nhello\r\n0\r\n\r\n',
      `{"did":"${did}","bytes":100}`,
      'null',
      '[[[['.repeat(3000),
    ]
    const failed: string[] = []
    const all = Array.from({ length: ROUNDS * 10 }, async () => {
      const method = prng.pick([
        'GET',
        'HEAD',
        'POST',
        'PUT',
        'PATCH',
        'DELETE',
        'OPTIONS',
        'CONNECT',
        'BREW',
      ])
      const lines = [`${method} ${prng.pick(targets)} HTTP/1.1`]
      for (let n = prng.int(8); n > 0; n--) lines.push(prng.pick(headers))
      const request = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${prng.pick(bodies)}`, 'latin1')
      const sent = prng.chance(0.4) ? mutateBytes(prng, request) : request
      const answer = await tell(sent)
      if (/^HTTP\/1.1 500/.test(answer)) failed.push(`${lines.join(' | ')} -> ${answer}`)
    })
    await Promise.all(all)
    expect(failed).toEqual([])
    await expectWell()
  }, 120_000)

  it('over WebSockets that speak no libp2p', async () => {
    const prng = createPrng(`${SEED}/websocket`)
    const upgrade =
      'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
    // Multistream-select and the first message of Noise, each in a masked frame.
    const masked = (body: Buffer) =>
      Buffer.concat([Buffer.from([0x82, 0x80 | body.length, 0, 0, 0, 0]), body])
    const line = (word: string) => Buffer.from(`${String.fromCharCode(word.length + 1)}${word}\n`)
    const noise = Buffer.concat([Buffer.from([0, 32]), Buffer.alloc(32, 9)])
    const greeting = [line('/multistream/1.0.0'), line('/noise'), noise].map(masked)
    await Promise.all(
      Array.from({ length: ROUNDS }, async () => {
        const whole = Buffer.concat(greeting.slice(0, 1 + prng.int(3)))
        await tell(Buffer.concat([Buffer.from(upgrade), mutateBytes(prng, whole)]))
      }),
    )
    await expectWell()
  }, 120_000)

  it('over a proven connection that breaks the rules of streams', async () => {
    const prng = createPrng(`${SEED}/frames`)
    const port = Number(new URL(url).port)
    for (let round = 0; round < Math.ceil(ROUNDS / 2); round++) {
      const peer = await rawPeer(started, port)
      for (let i = 0; i < 40 && peer.status === 'open'; i++) {
        const data = prng.bytes(prng.int(100))
        const length = prng.chance(0.8) ? data.length : prng.int(2 ** 32)
        const type = prng.int(prng.chance(0.9) ? 4 : 256)
        const flags = prng.int(prng.chance(0.9) ? 16 : 65_536)
        peer.send(Buffer.concat([frame(type, flags, prng.int(8), length), data]))
        await new Promise((resolve) => setImmediate(resolve))
      }
      peer.abort(new Error('enough'))
    }
    await expectWell()
  }, 120_000)

  it.each(samplesOf({ did: repo.did, commit, rev: repo.rev }).map((it) => [it.protocol, it] as const))(
    'over %s',
    async (protocol, sample) => {
      const prng = createPrng(`${SEED}${protocol}`)
      const client = await started.client()
      let connection: Connection | undefined
      let answered = 0
      for (let round = 0; round < ROUNDS; round++) {
        if (connection?.status !== 'open') connection = await client.dial(await addressOf(url))
        const stream = await connection.newStream(protocol, { runOnLimitedConnection: true }).catch(() => {})
        if (stream === undefined) continue
        const over = new Promise<void>((resolve) => stream.addEventListener('close', () => resolve()))
        const heard = new Promise<void>((resolve) => {
          stream.addEventListener('message', () => {
            answered++
            resolve()
          })
          stream.addEventListener('remoteCloseWrite', () => resolve())
        })
        try {
          stream.send(sample.bytes(prng, prng.pick(['value', 'value', 'bytes', 'noise'])))
          if (prng.chance(0.7)) await stream.close({ signal: AbortSignal.timeout(500) })
          await Promise.race([over, heard, new Promise((resolve) => setTimeout(resolve, 100))])
        } catch {
          // It was broken off, as it may be.
        }
        stream.abort(new Error('enough'))
      }
      // Else nothing of it was looked at.
      expect(answered > 0).toBe(!SILENT.has(protocol))
      await expectWell()
    },
    120_000,
  )

  it('and says of none of it that it does not know what it was', async () => {
    relay.kill('SIGTERM')
    const [code] = await once(relay, 'close')
    const lines = (await err)
      .trim()
      .split('\n')
      .filter((line) => line !== '')
    const errors = lines.filter((line) => !/^\{"time":"[^"]+","level":"warn"/.test(line))
    expect({ code, errors }).toEqual({ code: 0, errors: [] })
  })
})
