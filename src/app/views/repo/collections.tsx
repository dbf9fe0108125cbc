import { collectionName } from '../../lib/collections.ts'
import { formatBytes, formatNumber } from '../../lib/format.ts'
import { collectionHref } from '../../lib/routes.ts'
import type { RepoTabProps } from './tab-props.ts'

/** The collections of the head, largest first, each leading to its records. */
export function Collections({ repo }: RepoTabProps) {
  const collections = [...(repo.head?.collections ?? [])].sort((a, b) => b.records - a.records)
  return (
    <div className="card">
      <table className="colls">
        <thead>
          <tr>
            <th scope="col">
              <h2>Collections</h2>
            </th>
            <th scope="col">records</th>
            <th scope="col">size</th>
          </tr>
        </thead>
        <tbody>
          {collections.map(({ nsid, records, bytes }) => (
            <tr key={nsid}>
              <th scope="row">
                <a href={collectionHref(repo.did, nsid)}>{collectionName(nsid)}</a>
                <div className="mono faint clip">{nsid}</div>
              </th>
              <td className="num">{formatNumber(records)}</td>
              <td className="num small">{formatBytes(bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
