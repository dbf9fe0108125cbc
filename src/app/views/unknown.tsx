import { Empty } from '../components/bits.tsx'
import { Title } from '../components/screen.tsx'

/** An address that leads nowhere. */
export function UnknownScreen() {
  return (
    <>
      <div className="head">
        <Title>Nothing here</Title>
      </div>
      <div className="card">
        <Empty
          title="This address leads to no screen"
          action={
            <a className="btn go" href="/">
              Go to the Library
            </a>
          }
        >
          It may have been mistyped, or be from a newer version of Cairn.
        </Empty>
      </div>
    </>
  )
}
