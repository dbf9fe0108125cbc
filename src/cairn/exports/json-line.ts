import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { toJson } from '../../repo/json.ts'

/** One line of a JSON lines export, without its line feed: `{"uri","cid","value"}` in atproto JSON. */
export function jsonLine(
  did: string,
  record: { readonly path: string; readonly digest: Uint8Array; readonly bytes: Uint8Array },
): string {
  return JSON.stringify({
    uri: `at://${did}/${record.path}`,
    cid: cidString(CODEC_DAG_CBOR, record.digest),
    value: toJson(record.bytes),
  })
}
