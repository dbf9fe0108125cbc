/** Media types of everything a build of the app can contain, by file extension. */
const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
}

/** The media type for a file extension (with its dot), or bytes to be saved when it is unknown. */
export function mediaType(extension: string): string {
  return types[extension.toLowerCase()] ?? 'application/octet-stream'
}

/** True for types that compression helps; fonts and pictures are compressed already. */
export function compressible(type: string): boolean {
  return /^(text\/|application\/(json|wasm|manifest\+json)|image\/svg)/.test(type)
}
