import { useState, type ReactNode } from 'react'
import type { SpaceDetail } from '../../../cairn/api.ts'
import { Empty } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { shorten } from '../../lib/format.ts'
import { useLasting } from '../../lib/lasting.ts'
import { useOnline } from '../../lib/online.ts'
import { useHere } from '../../spaces/here.ts'
import { unsentSentence, waitingSentence } from '../../spaces/sentences.ts'
import { ForgetDialog } from './settings/forget.tsx'

/** What a person must know before reading on: how they stand here, and what has not reached anybody yet. */
export function SpaceNotes() {
  const { detail } = useHere()
  const online = useOnline()
  const waiting = waitingSentence(detail.sync)
  const isHeldUp = useLasting(waiting !== undefined)
  switch (detail.state) {
    case 'asked':
      if (detail.fault !== undefined) return <InVain fault={detail.fault} />
      if (detail.hasCopy)
        return (
          <Over title="You asked to come in again.">
            What was here before stays on this device and can be read and exported. What is new arrives by
            itself when you are in.
          </Over>
        )
      return detail.waitsFor === undefined || detail.waitsFor === 'admin' ? (
        <Asked />
      ) : (
        <Waiting on={detail.waitsFor} />
      )
    case 'declined':
      return detail.hasCopy ? (
        <Over title="Your request to come in again was declined.">
          What was here before stays on this device and can be read and exported.
        </Over>
      ) : (
        <Declined />
      )
    case 'removed':
      return (
        <Over title="You were removed from this space.">
          What was here before stays on this device and can be read and exported. Nothing new arrives, and
          nothing can be written.
        </Over>
      )
    case 'left':
      return (
        <Over title="You left this space.">
          What was here when you left stays on this device until you forget it.
        </Over>
      )
    case 'member': {
      if (online && !isHeldUp) return null
      return (
        <div className="note behind strip-note" role="status">
          <p className="strong">
            {online ? '' : 'You are offline. '}
            {waiting === undefined ? '' : `${waiting}.`}
          </p>
          <p>
            {waiting === undefined
              ? 'Everything here can be read and changed; it is sent by itself when the network is back.'
              : detail.sync.unsent === 1
                ? 'It is saved on this device, and sent by itself when someone else is in reach.'
                : 'They are saved on this device, and sent by themselves when someone else is in reach.'}
          </p>
        </div>
      )
    }
  }
}

function Over({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  const { detail } = useHere()
  const [asking, setAsking] = useState(false)
  const unsent = unsentSentence(detail.sync)
  return (
    <div className="note behind strip-note">
      <p className="strong">{title}</p>
      <p>{children}</p>
      {unsent !== undefined && <p>{unsent}</p>}
      <div className="line">
        <button type="button" className="btn slim" onClick={() => setAsking(true)}>
          Forget it on this device
        </button>
      </div>
      {asking && <ForgetDialog space={detail} onClose={() => setAsking(false)} />}
    </div>
  )
}

/** A request that nobody can answer any more, such as one by a link that was revoked before it arrived. */
function InVain({ fault }: { readonly fault: NonNullable<SpaceDetail['fault']> }) {
  const { detail } = useHere()
  const [asking, setAsking] = useState(false)
  return (
    <ErrorNote error={fault}>
      <button type="button" className="btn slim" onClick={() => setAsking(true)}>
        Forget it on this device
      </button>
      {asking && <ForgetDialog space={detail} onClose={() => setAsking(false)} />}
    </ErrorNote>
  )
}

/** Nobody has to decide: it opens as soon as the one that has it is in reach. */
function Waiting({ on }: { readonly on: 'device' | 'keeper' }) {
  const { detail } = useHere()
  const [asking, setAsking] = useState(false)
  return (
    <div className="card">
      <Empty
        title={on === 'device' ? 'This waits for your other device' : 'This waits for someone who keeps it'}
        action={
          <button type="button" className="btn" onClick={() => setAsking(true)}>
            Forget it on this device
          </button>
        }
      >
        {on === 'device'
          ? 'Leave the device on that showed the link, with its page open. This page opens by itself when it has answered.'
          : 'Your words are right for it. It opens by itself as soon as a server or a member that keeps it can be reached; you need not stay.'}
      </Empty>
      {asking && <ForgetDialog space={detail} onClose={() => setAsking(false)} />}
    </div>
  )
}

function Declined() {
  const { detail } = useHere()
  const [asking, setAsking] = useState(false)
  return (
    <div className="card">
      <Empty
        title="Your request was declined"
        action={
          <button type="button" className="btn" onClick={() => setAsking(true)}>
            Forget it on this device
          </button>
        }
      >
        An admin of this space said no. If that was a mistake, tell them who you are, and open the link again:
        that asks anew, as long as the link is live.
      </Empty>
      {asking && <ForgetDialog space={detail} onClose={() => setAsking(false)} />}
    </div>
  )
}

function Asked() {
  const { detail } = useHere()
  const [asking, setAsking] = useState(false)
  return (
    <div className="card">
      <Empty
        title="Your request waits for an answer"
        action={
          <button type="button" className="btn" onClick={() => setAsking(true)}>
            Take the request back
          </button>
        }
      >
        One of its admins decides. Until then they see of you only that a device asks:{' '}
        <span className="mono">{shorten(detail.device, 4, 6)}</span>. Tell them that it is yours. This page
        opens by itself when they let you in; you need not stay.
      </Empty>
      {asking && <ForgetDialog space={detail} onClose={() => setAsking(false)} />}
    </div>
  )
}
