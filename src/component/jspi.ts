/** JavaScript Promise Integration (https://github.com/WebAssembly/js-promise-integration), which TypeScript lacks yet. */
interface JavaScriptPromiseIntegration {
  /** Wraps a function for import: the guest's stack is suspended while its promise is pending. */
  readonly Suspending: new (
    fn: (...args: never[]) => unknown,
  ) => object
  /** Wraps an exported function: its imports may suspend, and it gives a promise. */
  readonly promising: (fn: unknown) => (...args: unknown[]) => Promise<unknown>
  /** What is thrown where a stack can't be suspended. */
  readonly SuspendError: new () => Error
}

export const jspi = WebAssembly as unknown as JavaScriptPromiseIntegration
