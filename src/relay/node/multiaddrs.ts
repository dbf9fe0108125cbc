import type { Multiaddr } from '@multiformats/multiaddr'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

/** The multiaddr under which a WebSocket to the server of an http(s) URL is dialled, without peer id. */
export function webSocketAddress(url: URL): string {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const secure = url.protocol === 'https:' || url.protocol === 'wss:'
  const port = url.port === '' ? (secure ? '443' : '80') : url.port
  return `/${familyOf(host)}/${host}/tcp/${port}${secure ? '/tls' : ''}/ws`
}

/** The URL that a WebSocket multiaddr stands for. */
export function webSocketUrl(address: Multiaddr): URL {
  const components = address.getComponents()
  const value = (name: string): string | undefined => components.find((one) => one.name === name)?.value
  const secure = components.some(({ name }) => name === 'tls' || name === 'wss')
  const host = value('sni') ?? components[0]?.value ?? ''
  return new URL(`${secure ? 'wss' : 'ws'}://${isIP(host) === 6 ? `[${host}]` : host}:${value('tcp') ?? ''}/`)
}

function familyOf(host: string): string {
  if (isIP(host) === 4) return 'ip4'
  if (isIP(host) === 6) return 'ip6'
  // The development name is IPv4 here, as the server's default address is.
  return host === 'localhost' ? 'dns4' : 'dns'
}

/** The URLs under which a server that listens on `host` is reached, by address. */
export function listeningUrls(host: string, port: number, secure: boolean): URL[] {
  const scheme = secure ? 'https' : 'http'
  const toUrl = (address: string): URL =>
    new URL(`${scheme}://${isIP(address) === 6 ? `[${address}]` : address}:${port}/`)
  if (host !== '0.0.0.0' && host !== '::') return [toUrl(host)]
  const found = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family }) => host === '::' || family === 'IPv4')
    // A link-local address means nothing without the interface it belongs to.
    .filter(({ address, scopeid }) => scopeid === undefined || scopeid === 0 || !address.startsWith('fe80'))
  return found.map(({ address }) => toUrl(address))
}
