/**
 * Waits for `work`, but no longer than `timeout` milliseconds.
 *
 * @param keepAlive Whether the wait keeps the process alive. Without it Node exits in the middle of an `await` that nothing
 * else keeps open.
 * @returns whether it ended in time. Rejects if `work` does.
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

/** How long to wait for a flush. */
export interface WaitOptions {
  /** Milliseconds. */
  readonly timeout: number;
  /** Whether the wait keeps the process alive. */
  readonly keepAlive: boolean;
}

/** Calls a provider's `forceFlush`, if it has one: the SDK's providers do, the API's interface does not. Never rejects. */
export async function forceFlushOf(provider: unknown): Promise<void> {
  if (!canFlush(provider)) return;
  try {
    await provider.forceFlush();
  } catch {
    // The provider reports its failure through its own diagnostics; the flush goes on with what is left.
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
