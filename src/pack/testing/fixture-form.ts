import type { OperationResult, SyncPack } from '../model.ts'

/** Keys that the format's own JSON spells with underscores, and null where it has no value. */
export function inFixtureForm(pack: SyncPack): unknown {
  const { push, pull } = pack
  return {
    ...pack,
    ...(push && {
      push: { ...push, commits: push.commits.map((it) => ({ ...it, results: it.results.map(resultForm) })) },
    }),
    ...(pull && {
      pull: {
        ...pull,
        subscriptions: pull.subscriptions.map((subscription) => ({
          ...subscription,
          bootstrapState: subscription.bootstrapState ?? null,
          commits: subscription.commits.map((commit) => ({
            ...commit,
            changes: commit.changes.map(({ rowId, row, rowVersion, ...change }) => {
              return { ...change, row_id: rowId, row_json: row, row_version: rowVersion ?? null }
            }),
          })),
          ...(subscription.snapshots && {
            snapshots: subscription.snapshots.map((it) => {
              return { ...it, bootstrapStateAfter: it.bootstrapStateAfter ?? null }
            }),
          }),
        })),
      },
    }),
  }
}

function resultForm(result: OperationResult): unknown {
  if (result.status !== 'conflict') return result
  const { serverVersion, serverRow, ...rest } = result
  return { ...rest, server_version: serverVersion, server_row: serverRow }
}
