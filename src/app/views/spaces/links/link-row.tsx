import { useState } from 'react'
import type { JoinLink } from '../../../../cairn/api.ts'
import { Ago } from '../../../components/bits.tsx'
import { Confirm } from '../../../components/confirm.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { formatNumber, plural } from '../../../lib/format.ts'
import { TONE_CLASS } from '../../../lib/repo-status.ts'
import { useHere } from '../../../spaces/here.ts'
import { Names } from '../../../spaces/names.tsx'
import { LINK_STATES, LINK_WORDS } from '../../../spaces/sentences.ts'
import { ShowLinkDialog } from './show-link.tsx'

/** One link: its kind, how much of it is left, who came by it. */
export function LinkRow({ link }: { readonly link: JoinLink }) {
  const { space, nameOf, isAdmin } = useHere()
  const [asking, setAsking] = useState<'show' | 'revoke'>()
  const action = useAction()
  const close = () => setAsking(undefined)
  const [tone, words] = LINK_STATES[link.state]
  const isLive = link.state === 'live'
  return (
    <li className="part-row with-end">
      <div className="stack-tight part-words">
        <div className="line tight">
          <span className="strong">{LINK_WORDS[link.kind]}</span>
          <span className={TONE_CLASS[tone]}>{words}</span>
        </div>
        <p className="small">
          Made by <bdi>{nameOf(link.by)}</bdi>, <Ago at={link.createdAt} />.{' '}
          {isLive && link.expiresAt === undefined && 'It does not end by itself. '}
          {isLive && link.expiresAt !== undefined && (
            <>
              Ends <Ago at={link.expiresAt} />.{' '}
            </>
          )}
          <span className="num">
            {formatNumber(link.joined.length)} of {plural(link.uses, 'use')} taken.
          </span>
        </p>
        {link.joined.length > 0 && (
          <p className="small">
            Came by it:{' '}
            <Names
              names={link.joined.map(({ person, name }) => (name === '' ? nameOf(person) : name))}
              most={6}
            />
            .
          </p>
        )}
        {link.ignored > 0 && (
          <p className="small">
            {plural(link.ignored, 'try', 'tries')} came too late or were too many, and{' '}
            {link.ignored === 1 ? 'was' : 'were'} ignored by all.
          </p>
        )}
        {isLive && !link.atRelay && link.kind !== 'ask' && (
          <p className="small">No relay keeps it yet: it opens once one has been reached.</p>
        )}
      </div>
      {isLive && (
        <div className="line">
          {link.url !== undefined && (
            <button type="button" className="btn slim" onClick={() => setAsking('show')}>
              Show<span className="hidden-text"> the {LINK_WORDS[link.kind].toLowerCase()}</span>
            </button>
          )}
          {isAdmin && (
            <button type="button" className="btn slim plain danger" onClick={() => setAsking('revoke')}>
              Revoke<span className="hidden-text"> the {LINK_WORDS[link.kind].toLowerCase()}</span>
            </button>
          )}
        </div>
      )}
      {asking === 'show' && link.url !== undefined && (
        <ShowLinkDialog link={link} url={link.url} onClose={close} />
      )}
      {asking === 'revoke' && (
        <Confirm
          title="Revoke this link?"
          confirm="Revoke it"
          cancel="Keep it live"
          busy={action.running}
          error={action.error}
          onClose={close}
          onConfirm={() =>
            void action
              .run((cairn) => cairn.spaces.revokeLink(space, link.link))
              .then((done) => done && close())
          }
        >
          <p>
            Nobody comes in by it any more. Who came before stays a member; to take someone out, remove them
            under Members. A new key is used for what is written from now on.
          </p>
        </Confirm>
      )}
    </li>
  )
}
