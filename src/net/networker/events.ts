/** An `EventTarget` that knows the names of its events and what each of them tells. */
export interface TypedEvents<Events> {
  addEventListener<K extends keyof Events & string>(
    type: K,
    listener: (event: CustomEvent<Events[K]>) => void,
    options?: AddEventListenerOptions | boolean,
  ): void
  removeEventListener<K extends keyof Events & string>(
    type: K,
    listener: (event: CustomEvent<Events[K]>) => void,
    options?: EventListenerOptions | boolean,
  ): void
}

export interface TypedEmitter<Events> extends TypedEvents<Events> {
  emit<K extends keyof Events & string>(type: K, detail: Events[K]): void
}

/** Nobody has to listen: no event, whatever it tells, throws for want of a listener. */
export function createEmitter<Events>(): TypedEmitter<Events> {
  const target = new EventTarget()
  return {
    // A listener is only ever called with events that `emit` made, under the name it was added for.
    addEventListener: (type, listener, options) =>
      target.addEventListener(type, listener as EventListener, options),
    removeEventListener: (type, listener, options) =>
      target.removeEventListener(type, listener as EventListener, options),
    emit: (type, detail) => {
      target.dispatchEvent(new CustomEvent(type, { detail }))
    },
  }
}
