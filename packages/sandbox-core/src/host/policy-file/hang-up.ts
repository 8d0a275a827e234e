const listeners = new Set<() => void>();

/**
 * Calls a listener at each SIGHUP, which does not end the process meanwhile.
 *
 * @returns takes the listener away. After the last one SIGHUP ends the process again, unless the service listens to it by itself.
 */
export function onHangUp(listener: () => void): () => void {
  if (listeners.size === 0) process.on("SIGHUP", tell);
  listeners.add(listener);
  return () => {
    if (listeners.delete(listener) && listeners.size === 0) process.off("SIGHUP", tell);
  };
}

function tell(): void {
  for (const listener of listeners) listener();
}
