/**
 * A stream of what a generator yields, made one piece at a time as it is read: nothing runs ahead of the
 * reader. Cancelling ends the generator, its `finally` included; `onCancel` runs after that.
 */
export function streamOf(
  source: AsyncGenerator<Uint8Array, unknown>,
  onCancel: () => Promise<unknown> = async () => {},
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await source.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await source.return(undefined)
        await onCancel()
      },
    },
    { highWaterMark: 0 },
  )
}
