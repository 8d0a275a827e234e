const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Runs `shutdown` on the first SIGTERM or SIGINT, then raises the signal again, so that the process ends as it would have
 * (exit code 143 or 130). If the service has a handler for the signal too, the process ends when that handler says so.
 *
 * @returns a function that stops listening.
 */
export function shutdownOnSignal(shutdown: () => Promise<void>): () => void {
  const stop = () => {
    for (const signal of SIGNALS) process.removeListener(signal, listener);
  };
  const listener = (signal: NodeJS.Signals) => {
    void (async () => {
      try {
        await shutdown();
      } finally {
        stop();
        if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
      }
    })();
  };
  for (const signal of SIGNALS) process.once(signal, listener);
  return stop;
}
