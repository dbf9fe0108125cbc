/**
 * Starts a real PLC directory and a real PDS behind a fault proxy, all on free loopback ports, and
 * a control endpoint for tests. Prints one line of JSON with the addresses when it is ready. Stops
 * when its parent goes away or on SIGTERM.
 *
 * Arguments: `--plc URL` for a PDS beside another, on the same directory; `--domain .x.test`; `--invites`.
 *
 * Control: `POST /` with `{ method, params }`, answered by `{ result }` or, with status 500, `{ error }`.
 */
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { createAccounts } from './accounts.mjs'
import { startAppView } from './app-view.mjs'
import { startFaultProxy } from './faults.mjs'
import { createKeyRotation } from './key-rotation.mjs'
import { closeServer, knowHost, listen, startPds, startPlc } from './network.mjs'

const { values: asked } = parseArgs({
  options: { plc: { type: 'string' }, domain: { type: 'string' }, invites: { type: 'boolean' } },
})
const codes = new Map()
const proxy = await startFaultProxy()
const plc = asked.plc === undefined ? await startPlc() : { url: asked.plc, close: async () => {} }
const appView = await startAppView()
const pds = await startPds({
  plcUrl: plc.url,
  appView: appView.url,
  publicPort: proxy.port,
  domain: asked.domain,
  invites: asked.invites,
  onCode: (to, code) => codes.set(to, code),
})
proxy.forwardTo(pds.port)

const methods = {
  ...createAccounts(() => pds.url),
  ...createKeyRotation(pds.pds),
  /** what was last sent by mail to have an identity changed */
  mailedCode: ({ to }) => codes.get(to),
  /** turns on its owner: takes every rotation key but its own out of the identity */
  async seize({ did }) {
    const { plcClient, plcRotationKey } = pds.pds.ctx
    await plcClient.updateData(did, plcRotationKey, (last) => ({
      ...last,
      rotationKeys: [plcRotationKey.did()],
    }))
  },
  knowHost: ({ name, certificate }) => knowHost(name, certificate),
  setAppView: ({ open }) => appView.setOpen(open),
  setStreams: ({ open }) => proxy.setStreams({ open }),
  setFaults: ({ faults }) => proxy.setFaults(faults),
  requests: ({ match }) => proxy.requests(match),
  forgetRequests: () => proxy.forget(),
  stopServer: () => proxy.stop(),
  startServer: () => proxy.start(),
}

const control = createServer((req, res) => void answerCall(req, res))

async function answerCall(req, res) {
  let answer
  try {
    const chunks = []
    for await (const chunk of req) chunks.push(chunk)
    const { method, params } = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    if (!Object.hasOwn(methods, method)) throw new Error(`no method ${method}`)
    answer = { result: (await methods[method](params ?? {})) ?? null }
  } catch (error) {
    res.statusCode = 500
    answer = { error: String(error?.message ?? error) }
  }
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify(answer))
}
const controlPort = await listen(control)

let stopping = false
async function stop() {
  if (stopping) return
  stopping = true
  await proxy.stop()
  await Promise.allSettled([closeServer(control), pds.close(), plc.close(), appView.close()])
  process.exit(0)
}
const end = () => void stop()
process.on('SIGTERM', end)
process.on('SIGINT', end)
// the parent holds the other end of stdin: its death, even by SIGKILL, ends this process too
process.stdin.on('end', end).on('error', end).resume()

const addresses = { control: `http://127.0.0.1:${controlPort}`, pds: proxy.url, plc: plc.url }
process.stdout.write(`${JSON.stringify(addresses)}\n`)
