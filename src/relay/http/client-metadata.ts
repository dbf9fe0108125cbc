import type { IncomingMessage, ServerResponse } from 'node:http'
import { CLIENT_METADATA_PATH, hostedClient } from '../../pds/account/client.ts'
import { sendText } from '../static-files.ts'
import type { Mount } from './handler.ts'

/**
 * What the app that this relay serves is to the servers on which people sign in (atproto OAuth, client ID metadata
 * document). They fetch it themselves, so it is there for a public https address only.
 *
 * @param app the public URL, with a slash at the end
 */
export function createClientMetadataMount(app: URL): Mount {
  const body = `${JSON.stringify(hostedClient(app))}\n`
  return {
    prefix: CLIENT_METADATA_PATH,
    route: 'oauth',
    async handle(request: IncomingMessage, response: ServerResponse, url: URL) {
      if (url.pathname !== CLIENT_METADATA_PATH) return false
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        sendText(response, 405, 'Method not allowed\n', { allow: 'GET, HEAD' })
        return true
      }
      sendText(response, 200, body, {
        'content-type': 'application/json',
        'access-control-allow-origin': '*',
        'cross-origin-resource-policy': 'cross-origin',
      })
      return true
    },
  }
}
