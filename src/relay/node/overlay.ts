/** The same object with some methods replaced; the others see the object itself, and its private fields. */
export function overlay<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(inner, name) {
      if (Object.hasOwn(methods, name)) return Reflect.get(methods, name)
      const value: unknown = Reflect.get(inner, name, inner)
      return typeof value === 'function' ? (...args: unknown[]): unknown => value.apply(inner, args) : value
    },
  })
}
