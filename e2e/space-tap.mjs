// Loaded into a relay's process before its own code: writes down all that reaches it, in clear. HTTP requests are
// taken with their bodies, and what comes through Noise after it is opened. The file is named by SPACE_TAP.
import crypto from 'node:crypto'
import { openSync, writeSync } from 'node:fs'
import http from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { ChaCha20Poly1305 } from '@chainsafe/as-chacha20poly1305'

const file = openSync(process.env.SPACE_TAP, 'a')
const keep = (bytes) => {
  if (bytes !== null && bytes !== undefined) writeSync(file, bytes)
}

const { emit } = http.Server.prototype
http.Server.prototype.emit = function (event, ...args) {
  if (event === 'request' || event === 'upgrade')
    keep(`\n${args[0].method} ${args[0].url}\n${args[0].rawHeaders.join('\n')}\n`)
  return Reflect.apply(emit, this, [event, ...args])
}
const { push } = http.IncomingMessage.prototype
http.IncomingMessage.prototype.push = function (chunk, ...rest) {
  keep(chunk)
  return Reflect.apply(push, this, [chunk, ...rest])
}

// The two ways in which the Noise of libp2p opens a message in Node.
const { open } = ChaCha20Poly1305.prototype
ChaCha20Poly1305.prototype.open = function (...args) {
  const text = Reflect.apply(open, this, args)
  keep(text)
  return text
}
const { createDecipheriv } = crypto
crypto.createDecipheriv = (...args) => {
  const decipher = createDecipheriv(...args)
  const { update } = decipher
  decipher.update = (...data) => {
    const text = Reflect.apply(update, decipher, data)
    keep(text)
    return text
  }
  return decipher
}
syncBuiltinESMExports()
