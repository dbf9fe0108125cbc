import type { Cairn } from '../../../cairn/api.ts'
import { RecordCard } from '../../cards/record-card.tsx'
import { Id, Loading } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { useLive } from '../../lib/live.ts'
import { atUriHref } from '../../lib/routes.ts'
import type { Subject } from './post-record.ts'

/** A record that is answered or quoted: one's own draft, or what a verified copy here holds. */
async function readSubject(cairn: Cairn, uri: string): Promise<Subject | undefined> {
  const [, , did = '', collection = '', rkey = ''] = uri.split('/')
  const path = `${collection}/${rkey}`
  const draft = await cairn.writing.draft(did, path)
  if (draft?.cid !== undefined) return { uri, cid: draft.cid, value: draft.value }
  const { cid, value } = await cairn.library.record(did, path)
  return { uri, cid, value }
}

/** null: there is none to be read. */
export function useSubject(uri: string | undefined) {
  return useLive(
    `subject ${uri}`,
    async (cairn) => (uri === undefined ? null : ((await readSubject(cairn, uri)) ?? null)),
    (event) => event.type === 'drafts' || event.type === 'repo',
  )
}

interface SubjectCardProps {
  readonly verb: 'Replying to' | 'Quoting'
  readonly uri: string
  readonly live: ReturnType<typeof useSubject>
}

/** What a post will refer to, in short. */
export function SubjectCard({ verb, uri, live }: SubjectCardProps) {
  const { value, error } = live
  const [, , did = '', collection = ''] = uri.split('/')
  return (
    <section className="subject stack-tight" aria-label={verb}>
      <p className="small">
        {verb} <Id value={uri} what="address" href={atUriHref(uri)} head={16} tail={8} />
      </p>
      {error !== undefined ? (
        <ErrorNote error={error} />
      ) : value === undefined ? (
        <Loading label="Reading the record" />
      ) : (
        value !== null && <RecordCard did={did} collection={collection} value={value.value} compact />
      )}
    </section>
  )
}
