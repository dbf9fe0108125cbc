/**
 * What a browser may do with anything this process serves. The same policy stands in `index.html` as a
 * `<meta>`, so that it also holds where another server hands out the built files.
 */

const directives: readonly (readonly [name: string, ...sources: string[]])[] = [
  ['default-src', "'none'"],
  ['script-src', "'self'", "'wasm-unsafe-eval'"],
  ['worker-src', "'self'"],
  ['style-src', "'self'"],
  ['font-src', "'self'"],
  ['img-src', "'self'", 'blob:', 'data:'],
  ['media-src', "'none'"],
  ['manifest-src', "'self'"],
  // Any PDS, PLC directory, resolver or relay may be asked, over HTTP or WebSocket. Without TLS is for those on
  // this machine or in a home network, whose addresses no policy can name one by one. A page that came over
  // https reaches none of these whatever stands here: browsers block mixed content.
  ['connect-src', "'self'", 'https:', 'wss:', 'http:', 'ws:'],
  // Streamed downloads start in a hidden frame that the service worker answers.
  ['frame-src', "'self'"],
  ['base-uri', "'none'"],
  ['form-action', "'none'"],
]

const join = (list: readonly (readonly string[])[]): string => list.map((item) => item.join(' ')).join('; ')

/** The policy as it can stand in a `<meta>`, where `frame-ancestors` has no effect. */
export const metaContentSecurityPolicy = join(directives)

/** The policy as a header. */
export const contentSecurityPolicy = join([...directives, ['frame-ancestors', "'none'"]])

/** Sent with every answer, errors included. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy':
    'accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()',
}
