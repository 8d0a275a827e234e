/**
 * Waits for `work`, but no longer than `timeout` milliseconds.
 *
 * @param keepAlive whether the wait keeps the process alive. A caller who awaits the result wants that: Node would exit
 * under an await that nothing else holds.
 * @returns whether it ended in time; rejects where it does.
 */
export async function withTimeout(
  work: Promise<unknown>,
  timeout: number,
  { keepAlive }: { readonly keepAlive: boolean },
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, timeout, false);
    if (!keepAlive) timer.unref();
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** How long a flush is waited for. */
export interface WaitOptions {
  /** Milliseconds. */
  readonly timeout: number;
  /** Whether the wait keeps the process alive. */
  readonly keepAlive: boolean;
}

/** Calls `forceFlush` on a provider that has one: the SDK's do, the API's interface does not. Never rejects. */
export async function forceFlushOf(provider: unknown): Promise<void> {
  if (!canFlush(provider)) return;
  try {
    await provider.forceFlush();
  } catch {
    // A provider that cannot flush says so on its own channel; there is nothing to do about it here.
  }
}

/** Whether a provider can be flushed. */
export function canFlush(provider: unknown): provider is { forceFlush(): Promise<void> } {
  return (
    typeof provider === "object" &&
    provider !== null &&
    "forceFlush" in provider &&
    typeof provider.forceFlush === "function"
  );
}
