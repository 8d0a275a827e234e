/** How long a flush is waited for. */
export interface Patience {
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
